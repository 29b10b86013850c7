import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXPECTED_RECORD, isBlameless, MisbehavingPool } from '../support/misbehaving-pool.js';
import { eventually } from '../support/whole-system.js';

const CLIENTS = 36;
const KINDS = Object.keys(EXPECTED_RECORD);

let pool: MisbehavingPool;
beforeAll(async () => {
  pool = await MisbehavingPool.start(CLIENTS, 0.5);
}, 120_000);
afterAll(() => pool.close(), 60_000);

it('half of a pool is bad, two in each way', () => {
  expect(pool.honest).toHaveLength(CLIENTS / 2);
  expect(KINDS.map((kind) => pool.ofKind(kind).length)).toEqual(KINDS.map(() => 2));
});

it('hunts of the honest ones complete, and each bad one is on its record', async () => {
  const huntId = await pool.hunt(pool.honest, 50_000);
  const records = await eventually('every bad one is on its record', async () => {
    const found = await pool.records(huntId);
    const is = (id: string, kind: string): boolean => EXPECTED_RECORD[kind]?.(found.get(id)!) ?? false;
    return [...pool.bad].every(([id, kind]) => is(id, kind)) ? found : undefined;
  }).catch(async (error: unknown) => {
    const found = await pool.records(huntId);
    process.stderr.write(
      `${JSON.stringify(
        [...pool.bad].map(([id, kind]) => ({ kind, ...found.get(id) })),
        null,
        1,
      )}\n`,
    );
    throw error;
  });
  for (const id of pool.honest) expect(records.get(id)).toSatisfy(isBlameless);
});
