import { execFileSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { insertEvents, resultOf, swapEvents, tamper, verify } from '../support/audit-log.js';
import { eventually, WorkerDeployment } from '../support/worker-deployment.js';

vi.setConfig({ testTimeout: 240_000 }); // each starts several processes

let world: WorkerDeployment;
beforeEach(async () => {
  world = await WorkerDeployment.start();
});
afterEach(async () => {
  await world.stop();
});

const pass = async (): Promise<Record<string, unknown>> => {
  const end = await world.once();
  expect({ code: end.code, output: end.output }).toMatchObject({ code: 0 });
  return resultOf(end);
};

const dieAt = async (point: string): Promise<void> => {
  const { signal, output } = await world.once({ REKALL_FAULT: point });
  expect({ signal, output }).toMatchObject({ signal: 'SIGKILL' });
};

const numbers = async (sql: string): Promise<number> =>
  Number((await world.sql.query<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`)).rows[0]?.n);

const UNCHAINED = 'audit_events e WHERE NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.event_id = e.id)';

const segmentKeys = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of world.bucket.listAll('audit/')) found.push(key);
  return found;
};

const segmentText = async (key: string): Promise<string> => {
  const got = await world.bucket.get(key, { maxBytes: 1_000_000 });
  if (got.kind !== 'found') throw new Error(`${key} is gone`);
  return gunzipSync(got.body).toString('utf8');
};

const actors = (n: number): string[] => Array.from({ length: n }, (_, i) => `U_${i}`);

/** Events that are sealed, then as many that are chained only. Nothing runs afterwards. */
const twoParts = async (n = 5): Promise<{ sealed: string[]; chained: string[] }> => {
  const sealed = await insertEvents(world, actors(n));
  await pass();
  const chained = await insertEvents(world, actors(n));
  await dieAt('after-chain');
  return { sealed, chained };
};

describe('a log that nobody touched', () => {
  it('is intact, and says what of it is sealed', async () => {
    await twoParts();
    expect(await verify(world)).toMatchObject({
      intact: true,
      findings: [],
      chained: 10,
      sealed: 5,
      segments: 1,
      unchained: 0,
    });
  });

  it('counts what is not chained yet, and does not hold it against it', async () => {
    await twoParts();
    await insertEvents(world, ['U_11', 'U_12']);
    expect(await verify(world)).toMatchObject({ intact: true, chained: 10, unchained: 2 });
  });

  it('can be recomputed with jq and sha256sum alone, as docs/audit.md says', async () => {
    await insertEvents(world, ['U_1', 'Zoë', 'a\nb"c']);
    await pass();
    const [key = ''] = await segmentKeys();
    const script = `
      set -e
      segment=$(cat); head=$(head -n 1 <<<"$segment"); lines=$(sed 1d <<<"$segment")
      previous=$(jq -r '.payload | fromjson.previous_hash' <<<"$head")
      while IFS= read -r line; do
        row=$(jq -j '.row' <<<"$line" | sha256sum | cut -d' ' -f1)
        [ "$row" = "$(jq -r .event_hash <<<"$line")" ]
        hash=$(printf '%s\\n%s\\n%s\\n%s\\n' "$previous" "$(jq -r .seq <<<"$line")" "$row" "$(jq -r .chained_at <<<"$line")" | sha256sum | cut -d' ' -f1)
        [ "$hash" = "$(jq -r .chain_hash <<<"$line")" ]
        previous=$hash
      done <<<"$lines"
      [ "$previous" = "$(jq -r '.payload | fromjson.chain_hash' <<<"$head")" ]
      echo "$previous"`;
    const said = execFileSync('bash', ['-c', script], { input: await segmentText(key), encoding: 'utf8' });
    const { rows } = await world.sql.query<{ chain_hash: string }>('SELECT chain_hash FROM audit_chain WHERE seq = 3');
    expect(said.trim()).toBe(rows[0]?.chain_hash);
    const canonical = await world.sql.query<{ hash: string; event_hash: string }>(
      `SELECT encode(sha256(convert_to('[' || concat_ws(',', to_json(id::text),
         to_json(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), to_json(actor),
         coalesce(to_json(token_id)::text, 'null'), to_json(action), to_json(object_kind),
         coalesce(to_json(object_id)::text, 'null'), to_json(outcome), coalesce(to_json(request_id)::text, 'null'),
         coalesce(to_json(address)::text, 'null'), to_json(details::text)) || ']', 'UTF8')), 'hex') AS hash, event_hash
       FROM audit_events e JOIN audit_chain c ON c.event_id = e.id`,
    );
    expect(canonical.rows).toHaveLength(3);
    for (const { hash, event_hash } of canonical.rows) expect(hash).toBe(event_hash);
  });
});

describe.each(['sealed', 'chained'] as const)('in the part that is %s', (part) => {
  /** What was done to a log of twenty events, and what must be found: that, and nothing else. */
  it('each edited, deleted and swapped event is named, and each swapped link', async () => {
    const ids = (await twoParts(20))[part];
    const seqOf = (n: number): number => (part === 'sealed' ? n + 1 : n + 21);
    const idAt = (n: number): string => ids[n]!;
    const edits = [
      `outcome = 'denied'`,
      `at = at + interval '1 ms'`,
      `token_id = ''`,
      'object_id = NULL',
      `details = details || '{"n": 2.0}'`,
    ];
    for (const [n, edit] of edits.entries())
      await tamper(world, `UPDATE audit_events SET ${edit} WHERE id = $1`, [idAt(n)]);
    await tamper(world, 'DELETE FROM audit_events WHERE id = $1', [idAt(6)]);
    await swapEvents(world, idAt(8), idAt(9));
    await tamper(world, 'UPDATE audit_events e SET at = $2 WHERE id = $1', [idAt(10), '2026-01-01T00:00:00Z']);
    for (const [i, j] of [
      [12, 13],
      [15, 18],
    ] as const) {
      await tamper(world, 'UPDATE audit_chain SET seq = -seq WHERE seq IN ($1, $2)', [seqOf(i), seqOf(j)]);
      await tamper(world, 'UPDATE audit_chain SET seq = $1 + seq WHERE seq < 0', [seqOf(i) + seqOf(j)]);
    }
    const { findings } = await verify(world);
    const of = (kind: string) =>
      findings.filter((f) => f.kind === kind).map((f) => f.event_ids.toSorted((a, b) => Number(a) - Number(b)));
    expect(of('edited')).toEqual([0, 1, 2, 3, 4, 10].map((n) => [idAt(n)]));
    expect(of('deleted')).toEqual([[idAt(6)]]);
    expect(of('reordered').toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
      [idAt(8), idAt(9)],
      [idAt(12), idAt(13)],
      [idAt(15), idAt(18)],
    ]);
    expect(findings).toHaveLength(10);
    const edited = findings.find((f) => f.event_ids[0] === idAt(0))?.message;
    expect(edited).toBe(
      `event ${idAt(0)} (seq ${seqOf(0)}) was edited${part === 'sealed' ? ': outcome was "done", is "denied"' : ''}`,
    );
  });
});

describe('an event that was inserted', () => {
  it('and given the place of a sealed one is named, with the event that belongs there', async () => {
    const { sealed } = await twoParts();
    await tamper(
      world,
      `INSERT INTO audit_events (id, actor, action, object_kind, outcome) VALUES (-1, 'U_2', 'hunts.stop', 'hunt', 'done')`,
    );
    await tamper(world, 'UPDATE audit_chain SET event_id = -1 WHERE seq = 3');
    const { findings } = await verify(world);
    expect(findings).toMatchObject([{ kind: 'inserted', event_ids: ['-1'], seqs: [3] }]);
    expect(findings[0]?.message).toContain(`where event ${sealed[2]} is sealed`);
  });

  it('where a transaction was undone, is named, and no other', async () => {
    await insertEvents(world, ['U_1', 'U_2']);
    await world.sql.query('BEGIN');
    const [gap] = await insertEvents(world, ['U_3']);
    await world.sql.query('ROLLBACK');
    await insertEvents(world, ['U_4']);
    await pass();
    expect((await verify(world)).intact).toBe(true); // a gap is fine
    await tamper(
      world,
      `INSERT INTO audit_events (id, actor, action, object_kind, outcome) VALUES ($1, 'U_3', 'hunts.stop', 'hunt', 'done')`,
      [gap],
    );
    expect((await verify(world)).findings).toMatchObject([{ kind: 'inserted', event_ids: [gap] }]);
  });
});

describe('the end of the log', () => {
  it('cut off with its links and seals is noticed by what is sealed', async () => {
    const ids = await insertEvents(world, ['U_1', 'U_2', 'U_3', 'U_4']);
    await pass();
    for (const table of ['audit_events WHERE id >= $1', 'audit_chain WHERE event_id >= $1'])
      await tamper(world, `DELETE FROM ${table}`, [ids[2]]);
    await tamper(world, 'DELETE FROM audit_seals');
    expect((await verify(world)).findings).toMatchObject([
      { kind: 'deleted', event_ids: [ids[2]], seqs: [3] },
      { kind: 'deleted', event_ids: [ids[3]], seqs: [4] },
    ]);
  });

  it('made anew from a row on, hashes and all, is noticed by what is sealed', async () => {
    const ids = await insertEvents(world, ['U_1', 'U_2', 'U_3']);
    await pass();
    await tamper(world, `UPDATE audit_events SET actor = 'U_other' WHERE id = $1`, [ids[1]]);
    await tamper(world, 'DELETE FROM audit_chain');
    await tamper(world, 'DELETE FROM audit_seals');
    const { signal, output } = await world.once({ REKALL_FAULT: 'after-chain' });
    expect({ signal, output }).toMatchObject({ signal: 'SIGKILL' }); // the chain is whole again, over other events
    const { findings } = await verify(world);
    expect(findings.filter((f) => f.message.includes('U_other'))).toMatchObject([
      { kind: 'edited', event_ids: [ids[1]] },
    ]);
    const refused = await world.once();
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('seals another log than the one in this database');
    expect(await segmentKeys()).toHaveLength(1);
  });

  it('sealed, and taken out of the bucket, is noticed by Postgres', async () => {
    await insertEvents(world, ['U_1', 'U_2', 'U_3']);
    await pass();
    await insertEvents(world, ['U_4', 'U_5']);
    await pass();
    const [first = '', last = ''] = await segmentKeys();
    await world.bucket.delete([last]);
    const { findings } = await verify(world);
    expect(findings).toMatchObject([{ kind: 'segment', seqs: [4, 5] }]);
    expect(findings[0]?.message).toContain(last);
    await world.bucket.put(first, 'nonsense');
    expect((await verify(world)).findings.map((f) => f.message)).toContainEqual(expect.stringContaining(first));
  });
});

describe('a kill -9', () => {
  it.each([
    ['before-chain', 3, 0],
    ['after-chain', 0, 0],
    ['after-seal', 0, 1],
  ])('%s loses nothing and chains nothing twice', async (point, unchained, segments) => {
    await insertEvents(world, ['U_1', 'U_2', 'U_3']);
    await dieAt(point);
    expect(await numbers(UNCHAINED)).toBe(unchained);
    expect(await segmentKeys()).toHaveLength(segments);
    await insertEvents(world, ['U_4']);
    await pass();
    await pass();
    expect(await verify(world)).toMatchObject({ intact: true, chained: 4, sealed: 4, unchained: 0 });
    const sealed = (await Promise.all((await segmentKeys()).map(segmentText))).flatMap((text) =>
      text
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => (JSON.parse(line) as { seq: number }).seq),
    );
    expect(sealed).toEqual([1, 2, 3, 4]);
  });
});

describe('workers', () => {
  it('that run at the same time make one chain', async () => {
    await Promise.all([1, 2, 3].map(() => world.startWorker({ REKALL_SEAL_SECONDS: '0.1' })));
    await Promise.all(
      [1, 2, 3].map(async () => {
        const sql = new Client({ connectionString: world.database.url });
        await sql.connect();
        for (let round = 0; round < 10; round++) await insertEvents(world, actors(2), sql);
        await sql.end();
      }),
    );
    await eventually('all is sealed', async () => {
      const { rows } = await world.sql.query<{ last: string | null }>('SELECT max(last_seq) AS last FROM audit_seals');
      return rows[0]?.last === '60' ? true : undefined;
    });
    expect(await verify(world)).toMatchObject({ intact: true, chained: 60, sealed: 60, unchained: 0 });
  });

  it('chain within two seconds of the commit, in whatever order transactions commit', async () => {
    await world.startWorker();
    const slow = new Client({ connectionString: world.database.url });
    await slow.connect();
    const insert = `INSERT INTO audit_events (actor, action, object_kind, outcome) VALUES ($1, 'hunts.create', 'hunt', 'done') RETURNING id`;
    const late: string[] = [];
    try {
      for (let round = 0; round < 5; round++) {
        await slow.query('BEGIN');
        const drawn = await slow.query<{ id: string }>(insert, ['U_slow']);
        const id = drawn.rows[0]!.id;
        const [higher] = await insertEvents(world, ['U_quick']);
        expect(BigInt(higher!)).toBeGreaterThan(BigInt(id));
        await eventually('the quick one is chained', () => seqOf(higher!), 2000);
        expect(await seqOf(id)).toBeUndefined();
        await slow.query('COMMIT');
        late.push(id);
        await eventually('the late one with the lower id is chained', () => seqOf(id), 2000);
      }
    } finally {
      await slow.end();
    }
    const { rows } = await world.sql.query('SELECT event_id FROM audit_chain ORDER BY seq');
    const order = rows.map((row: { event_id: string }) => row.event_id);
    expect(order).toHaveLength(10);
    for (const id of late) expect(order.indexOf(id) % 2).toBe(1); // each behind its quick one
  });

  const seqOf = async (id: string): Promise<string | undefined> =>
    (await world.sql.query<{ seq: string }>('SELECT seq FROM audit_chain WHERE event_id = $1', [id])).rows[0]?.seq;

  it('seal a segment of a thousand without waiting', async () => {
    await world.startWorker({ REKALL_SEAL_SECONDS: '3600' });
    await insertEvents(
      world,
      Array.from({ length: 2500 }, (_, i) => `U_${i}`),
    );
    await eventually('all is chained', async () => ((await numbers(UNCHAINED)) === 0 ? true : undefined));
    await eventually('whole segments are sealed', async () => ((await segmentKeys()).length >= 2 ? true : undefined));
    expect(await verify(world)).toMatchObject({ intact: true, chained: 2500 });
  });
});

describe('rebuild', () => {
  it('restores what is sealed, and the chain goes on from there', async () => {
    await insertEvents(world, ['U_1', 'U_2', 'U_3']);
    await pass();
    const before = await world.sql.query('SELECT * FROM audit_events ORDER BY id');
    const chain = await world.sql.query('SELECT * FROM audit_chain ORDER BY seq');
    await world.loseDatabase();
    const rebuilt = resultOf(await world.admin('rebuild'))['rebuilt'];
    expect(rebuilt).toMatchObject({ audit_events: 3 });
    const after = await world.sql.query('SELECT * FROM audit_events ORDER BY id');
    expect(after.rows.slice(0, 3)).toEqual(before.rows);
    expect(after.rows[3]).toMatchObject({ action: 'database.rebuild' });
    expect((await world.sql.query('SELECT * FROM audit_chain ORDER BY seq')).rows).toEqual(chain.rows);
    await pass();
    expect(await verify(world)).toMatchObject({ intact: true, chained: 4, sealed: 4, segments: 2 });
  });

  it('refuses a log that is not empty, and segments with a hole', async () => {
    await insertEvents(world, ['U_1', 'U_2']);
    await pass();
    await insertEvents(world, ['U_3']);
    await pass();
    await world.loseDatabase();
    await insertEvents(world, ['U_new']);
    expect((await world.admin('rebuild')).output).toContain('audit_events is not empty');
    await world.loseDatabase();
    await world.bucket.delete([(await segmentKeys())[0]!]);
    const refused = await world.admin('rebuild');
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('does not follow from the segment before it');
  });

  it('goes on with what a rebuild that ended halfway has restored', async () => {
    await insertEvents(world, ['U_1', 'U_2']);
    await pass();
    await insertEvents(world, ['U_3']);
    await pass();
    const second = (await segmentKeys())[1]!;
    const got = await world.bucket.get(second, { maxBytes: 1_000_000 });
    await world.bucket.put(second, 'nonsense');
    await world.loseDatabase();
    const damaged = await world.admin('rebuild');
    expect(damaged.code).toBe(1);
    expect(damaged.output).toContain(`${second} is not a sealed segment of this log`);
    await world.bucket.put(second, got.kind === 'found' ? got.body : '');
    expect(resultOf(await world.admin('rebuild'))['rebuilt']).toMatchObject({ audit_events: 1 });
    await pass();
    expect(await verify(world)).toMatchObject({ intact: true, chained: 4, sealed: 4 });
  });
});

describe('the rights', () => {
  it('let nobody change the chain or the seals', async () => {
    await insertEvents(world, ['U_1']);
    await pass();
    for (const connectionString of [world.database.url, world.database.migrateUrl]) {
      const client = new Client({ connectionString });
      await client.connect();
      for (const table of ['audit_chain', 'audit_seals'])
        for (const change of [`UPDATE ${table} SET chain_hash = 'x'`, `DELETE FROM ${table}`, `TRUNCATE ${table}`])
          await expect(client.query(change)).rejects.toThrow(/insert-only|permission denied/);
      await client.end();
    }
  });
});
