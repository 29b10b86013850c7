// `npm run bench -- worker [--tickets N] [--clients M] [--profile FOLDER]`: tickets a second that the worker verifies
// and commits. M generated clients send N status tickets of one hunt between them (Started, the last one Done with one
// small collection that is really there) while the worker is halted (SIGSTOP); timed from SIGCONT until Postgres has all.
// The clients' Startup tickets are taken in before, timed in the same way but with what follows from them (records, job files).
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import {
  clientIdOf,
  type CollectionResult,
  identityOf,
  keys,
  type MessageType,
  randomHex32,
  sha256Hex,
  signAsAgent,
  signedFileText,
} from '#wire';
import { eventually, WholeSystem } from '../support/whole-system.js';

const { values } = parseArgs({
  options: {
    tickets: { type: 'string', default: '5000' },
    clients: { type: 'string' },
    profile: { type: 'string' },
  },
});
const wanted = Number(values.tickets);
const clients = Number(values.clients ?? Math.ceil(wanted / 2));
const each = Math.max(1, Math.round(wanted / clients));
const tickets = clients * each;
const WRITERS = 32;

/** A client without its agent. */
interface Pen {
  privateKey: KeyObject;
  clientId: string;
  queue: string;
  seq: number;
}

/** CPU seconds of a part of the deployment. */
type Cpu = Record<'worker' | 'store' | 'postgres', number>;

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
/** CPU seconds that a process and its ended children have used. */
const cpuOf = (pid: number): number => {
  const [, fields = ''] = readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ');
  return [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields.split(' ')[i]), 0) / TICKS;
};
/** CPU seconds of a process and everything below it. */
const cpuOfTree = (pid: number): number => {
  const below = execFileSync('sh', ['-c', `cat /proc/${String(pid)}/task/*/children`], { encoding: 'utf8' });
  return below
    .split(' ')
    .filter(Boolean)
    .reduce((sum, child) => sum + cpuOfTree(Number(child)), cpuOf(pid));
};

const newPen = (): Pen => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const identity = identityOf(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
  return { privateKey, clientId: clientIdOf(identity), queue: randomHex32(), seq: 0 };
};

const common = (pen: Pen) => ({
  version: 1,
  client_id: pen.clientId,
  seq: pen.seq++,
  nonce: randomHex32(),
  local_time: new Date().toISOString(),
  clock_offset_ms: 0,
  agent_version: '0.1.0',
});

const startupOf = (pen: Pen) => ({
  __type__: 'Startup' as const,
  ...common(pen),
  queue: pen.queue,
  agent_start_time: new Date().toISOString(),
  modes: ['mode_live_api'],
  capabilities: ['action.collect.1'],
  labels: [],
  errors: [],
  system_info: {
    system: 'Linux',
    node: `host-${pen.clientId.slice(2, 8)}`,
    fqdn: `host-${pen.clientId.slice(2, 8)}.example.org`,
    release: '6.1.0',
    kernel_version: '#1 SMP',
    machine: 'x86_64',
    architecture: '64bit',
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['192.0.2.1'] }],
    users: [],
  },
});

const statusOf = (pen: Pen, hunt: { id: string; digest: string }, done: CollectionResult | undefined) => ({
  __type__: 'HuntStatus' as const,
  ...common(pen),
  flow_id: hunt.id,
  spec_digest: hunt.digest,
  attempt: 1,
  state: done === undefined ? 'Started' : 'Done',
  progress: { actions_done: done === undefined ? 0 : 1, actions_total: 1, rows: 0, bytes: 0 },
  resources: { cpu_seconds: 0.1, wall_seconds: 0.2, memory_bytes: 50_000_000, rows: 0, bytes: 0 },
  started_at: new Date().toISOString(),
  logs: [],
  collections: done === undefined ? [] : [done],
  files: [],
});

/** Runs `work` over all items, some at a time. */
const inLanes = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  };
  await Promise.all(Array.from({ length: WRITERS }, lane));
};

const pens = Array.from({ length: clients }, newPen);
const system = await WholeSystem.make();
const sql = new pg.Client({ connectionString: system.databases.url });
await sql.connect();
try {
  const worker = await system.startWorker({
    REKALL_REGISTRATIONS_PER_HOUR: String(clients + 1),
    REKALL_RECONCILE_SECONDS: '60', // as deployments have it: a test's every second would be in what is measured
    REKALL_ARCHIVE_SECONDS: '5', // a thousand are archived at once, whatever this is
    ...(values.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` }),
  });
  await system.startApi();

  const cpu = (): Cpu => ({
    worker: cpuOf(worker.pid),
    store: cpuOfTree(system.store.pid),
    postgres: cpuOfTree(system.postgres.pid),
  });
  const write = async (key: string, typ: MessageType, message: object, pen: Pen): Promise<void> => {
    const text = signedFileText(await signAsAgent(typ, JSON.stringify(message), pen.privateKey));
    await system.bucket.put(key, text, { contentType: 'application/json' });
  };
  const count = async (query: string, ...parameters: unknown[]): Promise<number> =>
    Number((await sql.query<{ n: string }>(query, parameters)).rows[0]?.n);
  /** Lets the worker go on until `isOver`; what that took. */
  const timed = async (what: string, n: number, isOver: () => Promise<boolean>) => {
    const load = loadavg()[0];
    const before = cpu();
    const from = performance.now();
    process.kill(worker.pid, 'SIGCONT');
    await eventually(what, async () => ((await isOver()) ? true : undefined), 600_000);
    const seconds = (performance.now() - from) / 1000;
    const after = cpu();
    const spent: Cpu = {
      worker: after.worker - before.worker,
      store: after.store - before.store,
      postgres: after.postgres - before.postgres,
    };
    const ms = (part: keyof Cpu): number => Number(((spent[part] / n) * 1000).toFixed(3));
    return {
      tickets: n,
      seconds,
      tickets_per_second: n / seconds,
      load,
      cpu_seconds: spent,
      cpu_ms_per_ticket: { worker: ms('worker'), store: ms('store'), postgres: ms('postgres') },
    };
  };

  process.kill(worker.pid, 'SIGSTOP');
  await inLanes(pens, async (pen) => {
    const ticket = startupOf(pen);
    await write(keys.startupTicket(pen.clientId, ticket.nonce, ticket.seq), 'Startup', ticket, pen);
  });
  const startups = await timed(
    'every client registered, its record and its job file published',
    clients,
    async () =>
      (await count('SELECT count(*) AS n FROM clients')) >= clients &&
      (await count('SELECT count(*) AS n FROM queues WHERE published_seq < wanted_seq')) === 0 &&
      (await count('SELECT count(*) AS n FROM client_changes WHERE recorded_at IS NULL')) === 0,
  );

  const { body } = await system.call<{ hunt_id: string }>('POST', '/hunts', {
    type: 'ListProcesses',
    labels: ['All'],
    description: 'bench: worker',
  });
  const digest = await eventually('the hunt is signed', async () => {
    const { rows } = await sql.query<{ spec_digest: string }>(
      'SELECT spec_digest FROM flow_attempts WHERE flow_id = $1 AND signature IS NOT NULL',
      [body.hunt_id],
    );
    return rows[0]?.spec_digest;
  });
  await eventually('the worker is at rest', async () => {
    const wait = 'SELECT count(*) AS n FROM tickets_seen WHERE archived_at IS NULL';
    const behind = await count('SELECT count(*) AS n FROM queues WHERE published_seq < wanted_seq');
    return (await count(wait)) + behind === 0 ? true : undefined;
  });

  process.kill(worker.pid, 'SIGSTOP');
  const hunt = { id: body.hunt_id, digest };
  await inLanes(pens, async (pen) => {
    const content = Buffer.from(`rows of ${pen.clientId}: ${'x'.repeat(200)}`);
    const stored = gzipSync(content);
    const key = keys.analysis(hunt.id, pen.clientId, 'pslist', randomHex32());
    await system.bucket.put(key, stored, { contentType: 'application/gzip' });
    const collection: CollectionResult = {
      key,
      name: 'pslist',
      stored_bytes: stored.length,
      stored_sha256: sha256Hex(stored),
      content_bytes: content.length,
      content_sha256: sha256Hex(content),
      rows: { pslist: 3 },
      dropped_columns: [],
      null_coerced: 0,
    };
    for (let n = 1; n <= each; n += 1) {
      const ticket = statusOf(pen, hunt, n === each ? collection : undefined);
      await write(keys.statusTicket(hunt.id, pen.clientId, ticket.nonce, ticket.seq), 'HuntStatus', ticket, pen);
    }
  });
  const statuses = await timed(
    'every ticket committed',
    tickets,
    async () => (await count('SELECT count(*) AS n FROM tickets_seen WHERE flow_id = $1', hunt.id)) >= tickets,
  );
  const good = await count(
    "SELECT count(*) AS n FROM tickets_seen WHERE flow_id = $1 AND verdict = 'accepted'",
    hunt.id,
  );
  const done = await count('SELECT n_done AS n FROM flows WHERE id = $1', hunt.id);
  const pinned = await count('SELECT count(*) AS n FROM collections WHERE flow_id = $1', hunt.id);
  if (good !== tickets || done !== clients || pinned !== clients)
    throw new Error(
      `of ${String(tickets)} tickets of ${String(clients)} clients: ${String(good)} accepted, ${String(done)} done, ${String(pinned)} collections`,
    );

  const report = { bench: 'worker', clients, cores: cpus().length, startups, statuses };
  mkdirSync('bench-results', { recursive: true });
  writeFileSync('bench-results/worker.json', `${JSON.stringify(report, null, 2)}\n`);
  console.table(
    Object.entries({ startups, statuses }).map(([what, r]) => ({
      what,
      tickets: r.tickets,
      seconds: Number(r.seconds.toFixed(2)),
      'tickets/s': Math.round(r.tickets_per_second),
      'CPU ms a ticket: worker': r.cpu_ms_per_ticket.worker,
      store: r.cpu_ms_per_ticket.store,
      postgres: r.cpu_ms_per_ticket.postgres,
      load: r.load,
    })),
  );
  console.log('paper: 25 tickets/s; archiving of what was committed meanwhile is in it');
} finally {
  if (system.worker !== undefined) process.kill(system.worker.pid, 'SIGCONT'); // halted, it could not stop
  await sql.end();
  await system.close();
}
