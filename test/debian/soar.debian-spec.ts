import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, WholeSystem } from '../support/whole-system.js';

/* The scripts of docs/soar.md, as they are, against the real API, worker, store and agent. */

interface Hunt {
  hunt_id: string;
  state: string;
  external_ref: string | null;
}
type Row = Record<string, unknown>;

const script = (name: string): string => fileURLToPath(new URL(`../../docs/examples/${name}`, import.meta.url));
const SCRIPTS: [string, string, string][] = [
  ['hunt.sh', 'sh', script('hunt.sh')],
  ['hunt.py', 'python3', script('hunt.py')],
];
const BODY = { type: 'ListProcesses', labels: ['server'] };

let system: WholeSystem;
let serviceToken: string;

/** An account for playbooks, made as docs/soar.md says. */
const makeServiceToken = async (): Promise<string> => {
  const expires = new Date(Date.now() + 3_600_000).toISOString();
  const { user_id: user } = (
    await system.call<{ user_id: string }>('POST', '/users', { name: 'soar', kind: 'service' })
  ).body;
  expect((await system.call('POST', '/grants', { user_id: user, role: 'Hunter', scope: 'label:server' })).status).toBe(
    201,
  );
  const token = { user_id: user, name: 'playbook', expires_at: expires };
  return (await system.call<{ token: string }>('POST', '/tokens', token)).body.token;
};

beforeAll(async () => {
  system = await WholeSystem.make();
  await system.startWorker();
  await system.startApi();
  await Promise.all([system.startAgent(1), system.startAgent(2)]);
  const clients = await eventually('two clients', async () => {
    const { items } = (await system.call<{ items: { client_id: string }[] }>('GET', '/clients')).body;
    return items.length === 2 ? items : undefined;
  });
  const ids = clients.map((client) => client.client_id);
  await system.call('POST', '/clients/labels', { clients: ids, add: ['server'] });
  serviceToken = await makeServiceToken();
}, 180_000);
afterAll(() => system.close(), 60_000);

interface Run {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  ended: Promise<number | null>;
}
/** Starts a script; only what it needs is in its environment. */
const start = (command: string, file: string, key: string, body: object, more: Record<string, string> = {}): Run => {
  const { PATH } = process.env;
  const env = { PATH, REKALL_API: system.api!.ready, REKALL_TOKEN: serviceToken, ...more };
  const child = spawn(command, [file, key], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.end(JSON.stringify(body));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, out: () => out, err: () => err, ended };
};
const rowsOf = (run: Run): Row[] =>
  run
    .out()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

const huntsOf = async (reference: string): Promise<Hunt[]> =>
  (await system.call<{ items: Hunt[] }>('GET', '/hunts?limit=1000')).body.items.filter(
    ({ external_ref: of }) => of === reference,
  );
/** How often the API has answered so far, by its audit log. */
const searchesOf = async (action: string): Promise<number> =>
  (await system.call<{ items: unknown[] }>('GET', `/audit?action=${action}&limit=1000`)).body.items.length;

describe.each(SCRIPTS)('%s', (name, command, file) => {
  it('starts a hunt, waits for its end, and prints the rows of every agent, the agents’ own processes among them', async () => {
    const body = { ...BODY, external_ref: `${name}-first` };
    const run = start(command, file, `${name}-first`, body);
    expect([await run.ended, run.err()]).toEqual([
      0,
      expect.stringMatching(/: H_[0-9a-f]{16}\n.*Completed, Done 2\/2/),
    ]);
    const [hunt, ...others] = await huntsOf(`${name}-first`);
    expect(others).toEqual([]);
    const rows = rowsOf(run);
    for (const agent of system.agents) {
      const own = rows.filter((row) => row['pid'] === agent.pid);
      const cmdline = (await readFile(`/proc/${String(agent.pid)}/cmdline`, 'utf8')).split('\0').filter(Boolean);
      expect(own.map((row) => row['cmdline'])).toEqual([cmdline.join(' '), cmdline.join(' ')]); // both agents saw it
    }
    expect(new Set(rows.map((row) => row['client_id'])).size).toBe(2);

    // Again with the same key: the same hunt, the same rows. With another body: refused, and nothing is printed.
    const again = start(command, file, `${name}-first`, body);
    expect([await again.ended, again.err()]).toEqual([0, expect.stringContaining(hunt!.hunt_id)]);
    expect(rowsOf(again)).toEqual(rows);
    const mixed = start(command, file, `${name}-first`, { ...body, description: 'another' });
    expect([await mixed.ended, mixed.out()]).toEqual([1, '']);
    expect(mixed.err()).toContain('request/idempotency-mismatch');
    expect(await huntsOf(`${name}-first`)).toHaveLength(1);
  });

  it('fetches more rows than a page has, by cursors, each once', async () => {
    const query = `select pid from pslist()`;
    const unions = Array.from({ length: 60 }, () => query).join(', ');
    const body = {
      type: 'Collect',
      labels: ['server'],
      query: `select pid from chain(${unions})`,
      collection: { name: 'many', columns: [{ name: 'pid', type: 'int' }] },
    };
    const run = start(command, file, `${name}-many`, body);
    expect([await run.ended, run.err()]).toEqual([0, expect.stringContaining('Completed, Done 2/2')]);
    const told = Number(/, (\d+) rows/.exec(run.err())?.[1]);
    expect(told).toBeGreaterThan(1000);
    expect(rowsOf(run)).toHaveLength(told);
  });

  it('prints nothing and succeeds when no client takes part', async () => {
    const body = { ...BODY, condition: 'any from pslist() where pid == -1' };
    const run = start(command, file, `${name}-nobody`, body);
    expect([await run.ended, run.out(), run.err()]).toEqual([0, '', expect.stringContaining('Completed, Done 2/2')]);
  });

  it('waits while the database is away, and starts one hunt all the same', async () => {
    // An agent that is halted keeps the hunt open; a database that is killed makes every answer a 503.
    process.kill(system.agents[0]!.pid, 'SIGSTOP');
    try {
      const reference = `${name}-away`;
      const run = start(command, file, reference, { ...BODY, external_ref: reference });
      await eventually('the hunt', async () => ((await huntsOf(reference)).length > 0 ? true : undefined));
      await system.postgres.kill9();
      const during = start(command, file, reference, { ...BODY, external_ref: reference });
      const refused = await eventually('a 503', async () => {
        const answer = await fetch(`${system.api!.ready}/api/v1/me`, {
          headers: { authorization: `Bearer ${serviceToken}` },
        });
        return answer.status === 503 ? answer : undefined;
      });
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      await system.startPostgres();
      process.kill(system.agents[0]!.pid, 'SIGCONT');
      for (const one of [run, during])
        expect([await one.ended, one.err()]).toEqual([0, expect.stringContaining('Completed, Done 2/2')]);
      expect(rowsOf(during)).toEqual(rowsOf(run));
      expect(await huntsOf(reference)).toHaveLength(1);
    } finally {
      process.kill(system.agents[0]!.pid, 'SIGCONT');
    }
  }, 180_000);

  it('gives up when the time is over, saying how far the hunt is, and what is refused is said as it is', async () => {
    process.kill(system.agents[0]!.pid, 'SIGSTOP');
    try {
      const before = await searchesOf('hunts.create');
      const run = start(command, file, `${name}-late`, BODY, { REKALL_WAIT: '0' });
      expect([await run.ended, run.out()]).toEqual([1, '']);
      expect(run.err()).toMatch(/not over in time: Running, Done [01]\/2; it goes on/);
      expect(await searchesOf('hunts.create')).toBe(before + 1);
    } finally {
      process.kill(system.agents[0]!.pid, 'SIGCONT');
    }
    const beyond = start(command, file, `${name}-beyond`, { type: 'ListProcesses', labels: ['All'] });
    expect([await beyond.ended, beyond.err()]).toEqual([1, expect.stringContaining('hunt/out-of-scope')]);
    const stranger = start(command, file, `${name}-stranger`, BODY, { REKALL_TOKEN: `${serviceToken}x` });
    expect([await stranger.ended, stranger.err()]).toEqual([1, expect.stringContaining('401 auth/invalid-token')]);
    expect(stranger.err()).not.toContain(serviceToken);
  });
});
