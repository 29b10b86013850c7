import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXPECTED_RECORD, isBlameless, MisbehavingPool } from '../support/misbehaving-pool.js';
import { say } from '../support/say.js';
import { eventually } from '../support/whole-system.js';

const HONEST = 50;
const BAD = 200;

let pool: MisbehavingPool;
beforeAll(async () => {
  pool = await MisbehavingPool.start(HONEST + BAD, BAD / (HONEST + BAD));
});
afterAll(() => pool.close(), 60_000);

it(`${BAD} bad agents beside ${HONEST} honest ones: hunts of these complete, each bad one is on its record`, async () => {
  expect([pool.honest.length, pool.bad.size]).toEqual([HONEST, BAD]);
  const began = performance.now();
  const huntId = await pool.hunt(pool.honest, 240_000);
  const honestSeconds = (performance.now() - began) / 1000;
  const notOnRecord = async (): Promise<Record<string, string | number>[]> => {
    const found = await pool.records(huntId);
    return [...pool.bad].flatMap(([id, kind]) => {
      const record = found.get(id);
      if (record !== undefined && EXPECTED_RECORD[kind]?.(record) === true) return [];
      return [{ kind, state: record?.state ?? 'none', reasons: record?.reasons.join('+') ?? 'no record' }];
    });
  };
  let missing: Record<string, string | number>[] = [];
  await eventually(
    'every bad one is on its record',
    async () => {
      missing = await notOnRecord();
      return missing.length === 0 ? true : undefined;
    },
    240_000,
  ).catch((error: unknown) => {
    say(...missing);
    throw error;
  });
  const records = await pool.records(huntId);
  for (const id of pool.honest) expect(records.get(id)).toSatisfy(isBlameless);
  const allSeconds = (performance.now() - began) / 1000;
  say(Object.fromEntries(Object.keys(EXPECTED_RECORD).map((kind) => [kind, pool.ofKind(kind).length])), {
    'honest ones done after s': honestSeconds.toFixed(1),
    'bad ones on record after s': allSeconds.toFixed(1),
  });
});
