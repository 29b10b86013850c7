// `npm run bench -- access [--clients N] [--grants N] [--seconds S]`: what access control costs. The guard’s time a request
// with many grants in the database, and held by one caller; pages of a large fleet filtered by label scope; requests a
// second by REST and GraphQL beside Fastify + pg with the same SQL.
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { startProcess } from '#embedded';
import { WholeSystem } from '../support/whole-system.js';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100000' },
    grants: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
  },
});
const CLIENTS = Number(values.clients);
const GRANTS = Number(values.grants);
const SECONDS = Number(values.seconds);
const CONNECTIONS = 16;
const ROUNDS = 1000;
/** that do not count */
const WARM = 100;

/** The parts of the built API that are looked into; the sources of Nest’s decorators do not run without a build. */
interface BuiltApp {
  inject(request: {
    method: 'GET' | 'POST';
    url: string;
    headers: Record<string, string>;
    payload?: object;
  }): Promise<{ statusCode: number; body: string }>;
  init(): Promise<unknown>;
  close(): Promise<void>;
  getHttpAdapter(): { getInstance(): { ready(): Promise<unknown> } };
}
interface Built {
  createHttpApp: (config: unknown) => Promise<BuiltApp>;
  loadConfig: (role: 'http', env: Record<string, string>) => unknown;
  AccessGuard: { prototype: { canActivate: (this: unknown, context: unknown) => Promise<boolean> } };
}
const built = async (): Promise<Built> => {
  const load = async <T>(file: string): Promise<T> =>
    (await import(new URL(`../../dist/apps/api/src/${file}`, import.meta.url).href)) as T;
  return {
    ...(await load<Pick<Built, 'createHttpApp'>>('http-app.js')),
    ...(await load<Pick<Built, 'loadConfig'>>('platform/config/env.js')),
    ...(await load<Pick<Built, 'AccessGuard'>>('platform/access/access.guard.js')),
  };
};

const percentile = (times: readonly number[], p: number): number =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor((times.length * p) / 100))] ?? NaN;

/** Fills the database: a fleet with labels, people with grants; answers tokens. */
const fill = async (sql: Client): Promise<{ ten: string; all: string }> => {
  await sql.query(
    `INSERT INTO clients (id, identity, queue, registered_at, first_seen_at, last_seen_at, startup_at, hostname, fqdn, system, facts)
     SELECT 'C.' || substr(md5(n::text), 1, 16), md5(n::text) || md5(n::text), md5('q' || n), now(), now(), now(), now(),
       'host-' || n, 'host-' || n || '.example.org', 'Linux', '{}' FROM generate_series(1, $1::int) n`,
    [CLIENTS],
  );
  // Every client has one of a hundred labels; every tenth one of a thousand rarer ones.
  await sql.query(
    `INSERT INTO client_labels (client_id, label, by)
     SELECT 'C.' || substr(md5(n::text), 1, 16), 'l' || n % 100, 'U_bench' FROM generate_series(1, $1::int) n
     UNION ALL
     SELECT 'C.' || substr(md5(n::text), 1, 16), 'r' || n % 1000, 'U_bench' FROM generate_series(1, $1::int, 10) n`,
    [CLIENTS],
  );
  await sql.query(
    `INSERT INTO users (id, name) SELECT 'U_' || substr(md5('u' || n), 1, 16), 'u' || n FROM generate_series(1, $1::int) n`,
    [GRANTS / 10],
  );
  await sql.query(
    `INSERT INTO grants (id, subject_kind, subject_id, role, scope, created_by)
     SELECT 'G_' || substr(md5('g' || n), 1, 16), 'user', 'U_' || substr(md5('u' || (n - 1) / 10 + 1), 1, 16), 'Examiner', 'label:l' || n % 100, 'U_bench'
     FROM generate_series(1, $1::int) n`,
    [GRANTS],
  );
  const token = async (userId: string): Promise<string> => {
    const [id, secret] = [`T_${randomBytes(8).toString('hex')}`, randomBytes(32).toString('base64url')];
    await sql.query(
      `INSERT INTO api_tokens (id, user_id, name, secret_hash, expires_at, last_used_at) VALUES ($1, $2, 'bench', $3, now() + interval '1 day', now() + interval '1 day')`,
      [id, userId, createHash('sha256').update(secret).digest('hex')],
    );
    return `${id}.${secret}`;
  };
  const { rows } = await sql.query<{ id: string }>(`SELECT id FROM users WHERE name = 'u1'`);
  const ten = await token(rows[0]!.id);
  await sql.query(`INSERT INTO users (id, name) VALUES ('U_ffffffffffffffff', 'all')`);
  await sql.query(
    `INSERT INTO grants (id, subject_kind, subject_id, role, scope, created_by)
     SELECT 'G_' || substr(md5('a' || n), 1, 16), 'user', 'U_ffffffffffffffff', 'Examiner', 'label:x' || n, 'U_bench' FROM generate_series(1, $1::int) n`,
    [GRANTS],
  );
  await sql.query('VACUUM ANALYZE');
  return { ten, all: await token('U_ffffffffffffffff') };
};

/** Somebody with one grant over a scope. */
const callerOver = async (sql: Client, scopes: readonly string[]): Promise<string> => {
  const id = `U_${randomBytes(8).toString('hex')}`;
  await sql.query('INSERT INTO users (id, name) VALUES ($1, $1)', [id]);
  await sql.query(
    `INSERT INTO grants (id, subject_kind, subject_id, role, scope, created_by)
     SELECT 'G_' || substr(md5($1 || scope), 1, 16), 'user', $1, 'Examiner', scope, 'U_bench' FROM unnest($2::text[]) scope`,
    [id, scopes],
  );
  const [token, secret] = [`T_${randomBytes(8).toString('hex')}`, randomBytes(32).toString('base64url')];
  await sql.query(
    `INSERT INTO api_tokens (id, user_id, name, secret_hash, expires_at, last_used_at) VALUES ($1, $2, 'bench', $3, now() + interval '1 day', now() + interval '1 day')`,
    [token, id, createHash('sha256').update(secret).digest('hex')],
  );
  return `${token}.${secret}`;
};

/** Sends one request over and over on some connections; answers a second. */
const hammer = async (port: number, request: string): Promise<number> => {
  const end = performance.now() + SECONDS * 1_000;
  let answers = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect(port, '127.0.0.1').setNoDelay(true);
      await once(socket, 'connect');
      const done = Promise.withResolvers<undefined>();
      let head = '';
      let missing = -1; // bytes of the body that are to come; below 0: the head is not complete
      socket.on('error', done.reject);
      socket.on('close', () => done.reject(new Error(`the server closed: ${head}`)));
      socket.on('data', (chunk) => {
        let body = chunk.length;
        if (missing < 0) {
          head += chunk.toString('latin1');
          const at = head.indexOf('\r\n\r\n');
          if (at < 0) return;
          const length = /content-length: (\d+)/i.exec(head)?.[1];
          if (!head.startsWith('HTTP/1.1 200') || length === undefined) {
            done.reject(new Error(head));
            return;
          }
          body = head.length - at - 4;
          missing = Number(length);
        }
        missing -= body;
        if (missing > 0) return;
        head = '';
        missing = -1;
        answers += 1;
        if (performance.now() > end) done.resolve(undefined);
        else socket.write(request);
      });
      socket.write(request);
      await done.promise;
      socket.destroy();
    }),
  );
  return answers / SECONDS;
};

const rows: { what: string; median: string; p95: string; cpu: string; wanted: string }[] = [];
const show = (ms: number): string => `${ms.toFixed(2)} ms`;
const record = (what: string, times: readonly number[], wanted: string, cpu?: readonly number[]): void => {
  const busy = cpu === undefined ? '' : show(percentile(cpu, 95));
  rows.push({ what, median: show(percentile(times, 50)), p95: show(percentile(times, 95)), cpu: busy, wanted });
};

/**
 * The guard’s time in each of some requests: who asks (one statement), and whether they may; and the CPU time of this
 * thread meanwhile. Between two of them, what the smallest statement takes: so busy is the machine.
 */
const guardTimes = async (
  app: BuiltApp,
  guard: Built['AccessGuard'],
  token: string,
  sql: Client,
): Promise<{ times: number[]; cpu: number[]; smallest: number[] }> => {
  const times: number[] = [];
  const cpu: number[] = [];
  const smallest: number[] = [];
  const { canActivate } = guard.prototype;
  guard.prototype.canActivate = async function (this: unknown, context: unknown) {
    const begun = performance.now();
    const before = process.threadCpuUsage();
    const answer = await canActivate.call(this, context);
    const { user, system: kernel } = process.threadCpuUsage(before);
    times.push(performance.now() - begun);
    cpu.push((user + kernel) / 1000);
    return answer;
  };
  try {
    for (let n = 0; n < ROUNDS + WARM; n++) {
      const begun = performance.now();
      await sql.query('SELECT 1');
      smallest.push(performance.now() - begun);
      const url = '/api/v1/clients/C.0000000000000000';
      await app.inject({ method: 'GET', url, headers: { authorization: `Bearer ${token}` } });
    }
  } finally {
    guard.prototype.canActivate = canActivate;
  }
  return { times: times.slice(WARM), cpu: cpu.slice(WARM), smallest: smallest.slice(WARM) };
};

interface Statement {
  text: string;
  values: unknown[];
}
/** The statements of a request, as pg is given them. */
const statementsOf = async (ask: () => Promise<unknown>): Promise<Statement[]> => {
  const found: Statement[] = [];
  const prototype = Client.prototype as unknown as { query: (this: unknown, ...args: unknown[]) => unknown };
  const { query } = prototype;
  const spied = function (this: unknown, ...args: unknown[]): unknown {
    const [first, second] = args as [Statement | string, unknown[] | undefined];
    const { text, values: given } = typeof first === 'string' ? { text: first, values: second ?? [] } : first;
    found.push({ text, values: (second ?? given).map((v) => (v instanceof Date ? v.toISOString() : v)) });
    return Reflect.apply(query, this, args);
  };
  prototype.query = spied;
  try {
    await ask();
  } finally {
    prototype.query = query;
  }
  return found;
};

const GRAPHQL = `{ clients(first: 50) { nodes { id hostname fqdn system osRelease architecture agentVersion acceptance
  labels claims registeredAt lastSeenAt quarantined } pageInfo { hasNextPage endCursor } } }`;

const system = await WholeSystem.make();
try {
  await system.admin('migrate');
  const sql = new Client({ connectionString: system.databases.migrateUrl });
  await sql.connect();
  const tokens = await fill(sql);

  const { createHttpApp, loadConfig, AccessGuard } = await built();
  const env = {
    ...(await system.environment('http.env')),
    DATABASE_URL: system.databases.url,
    LOG_LEVEL: 'silent',
    REKALL_DATA_DIR: join(system.root, 'data'),
  };
  const app = await createHttpApp(loadConfig('http', env));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  for (const [what, token] of [
    [`guard, ${String(GRANTS)} grants in the database, 10 of the caller`, tokens.ten],
    [`guard, ${String(GRANTS)} grants of the caller`, tokens.all],
  ] as const) {
    const { times, cpu, smallest } = await guardTimes(app, AccessGuard, token, sql);
    record(what, times, '< 1 ms', cpu);
    record('  SELECT 1 in between', smallest, 'shown');
  }

  const page = async (token: string, url: string): Promise<{ times: number[]; items: number }> => {
    const times: number[] = [];
    let items = 0;
    let cursor = '';
    for (let n = 0; n < ROUNDS / 10; n++) {
      const begun = performance.now();
      const { statusCode, body } = await app.inject({ method: 'GET', url: `${url}${cursor}`, headers: bearer(token) });
      times.push(performance.now() - begun);
      if (statusCode !== 200) throw new Error(body);
      const answer = JSON.parse(body) as { items: unknown[]; next_cursor: string | null };
      items = Math.max(items, answer.items.length);
      cursor = answer.next_cursor === null ? '' : `&cursor=${answer.next_cursor}`;
    }
    return { times, items };
  };
  const whole = String(CLIENTS);
  for (const [what, scopes, url] of [
    ['one label of 1 %', ['label:l1'], '/api/v1/clients?limit=50'],
    ['one label of 0.01 %', ['label:r1'], '/api/v1/clients?limit=50'],
    ['ten labels of 1 %', Array.from({ length: 10 }, (_, n) => `label:l${String(n)}`), '/api/v1/clients?limit=50'],
    ['a label that nobody has', ['label:nobody'], '/api/v1/clients?limit=50'],
    [
      'a label and twenty clients',
      [
        'label:r2',
        ...Array.from(
          { length: 20 },
          (_, n) =>
            `client:C.${createHash('md5')
              .update(String(n + 1))
              .digest('hex')
              .slice(0, 16)}`,
        ),
      ],
      '/api/v1/clients?limit=50',
    ],
    ['all', ['*'], '/api/v1/clients?limit=50'],
    ['one label of 1 %, pages of 1000', ['label:l1'], '/api/v1/clients?limit=1000'],
    ['one label of 1 %, filtered by another', ['label:l1'], '/api/v1/clients?limit=50&label=r1'],
    ['one label of 1 %, filtered by host name', ['label:l1'], '/api/v1/clients?limit=50&hostname=host-1'],
  ] as const) {
    const { times, items } = await page(await callerOver(sql, scopes), url);
    record(
      `page of ${whole} clients, ${what} (${String(items)} rows)`,
      times,
      url.endsWith('limit=50') ? '< 50 ms' : 'shown',
    );
  }

  // Requests a second, each server a process of its own.
  const token = await callerOver(sql, ['label:l1']);
  await app.inject({ method: 'GET', url: '/api/v1/me', headers: bearer(token) }); // its grants are kept from now on
  const rest = await statementsOf(() =>
    app.inject({ method: 'GET', url: '/api/v1/clients?limit=50', headers: bearer(token) }),
  );
  const graphql = await statementsOf(() =>
    app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { ...bearer(token), 'content-type': 'application/json' },
      payload: { query: GRAPHQL },
    }),
  );
  await app.close();
  const configFile = join(system.root, 'bare.json');
  writeFileSync(configFile, JSON.stringify({ url: system.databases.url, statements: rest }));
  const bare = await startProcess({
    name: 'bare',
    command: process.execPath,
    args: [fileURLToPath(new URL('../support/bare-api.mjs', import.meta.url))],
    env: { BARE: configFile, PATH: process.env['PATH'] ?? '' },
    ready: (line) => (line.startsWith('{') ? (JSON.parse(line) as { port: number }).port : undefined),
  });
  await system.startApi();
  const { host, port } = new URL(system.api?.ready ?? '');
  const head = `Host: ${host}\r\nAuthorization: Bearer ${token}\r\n`;
  const json = JSON.stringify({ query: GRAPHQL });
  const requests = {
    bare: [bare.ready, `GET / HTTP/1.1\r\nHost: x\r\n\r\n`],
    rest: [Number(port), `GET /api/v1/clients?limit=50 HTTP/1.1\r\n${head}\r\n`],
    graphql: [
      Number(port),
      `POST /graphql HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${String(json.length)}\r\n\r\n${json}`,
    ],
  } as const;
  const perSecond = { bare: 0, rest: 0, graphql: 0 };
  // The first turn warms up and does not count; the best of three.
  for (let turn = 0; turn < 4; turn++)
    for (const name of ['bare', 'rest', 'graphql'] as const) {
      const found = await hammer(requests[name][0], requests[name][1]);
      if (turn > 0) perSecond[name] = Math.max(perSecond[name], found);
    }
  await bare.stop();
  await sql.end();

  const speed = [
    { what: 'Fastify + pg', 'requests/s': perSecond.bare.toFixed(0), ratio: '', statements: rest.length, wanted: '' },
    {
      what: 'REST',
      'requests/s': perSecond.rest.toFixed(0),
      ratio: (perSecond.rest / perSecond.bare).toFixed(2),
      statements: rest.length,
      wanted: '>= 0.3',
    },
    {
      what: 'GraphQL',
      'requests/s': perSecond.graphql.toFixed(0),
      ratio: (perSecond.graphql / perSecond.bare).toFixed(2),
      statements: graphql.length,
      wanted: '>= 0.15',
    },
  ];
  console.table(rows);
  console.table(speed);
  const machine = { cores: cpus().length, load: loadavg(), node: process.version };
  console.log(`load average ${machine.load.map((n) => n.toFixed(1)).join(' ')} on ${String(machine.cores)} cores`);
  mkdirSync('bench-results', { recursive: true });
  writeFileSync(
    'bench-results/access.json',
    `${JSON.stringify({ bench: 'access', at: new Date().toISOString(), machine, times: rows, speed }, null, 2)}\n`,
  );
} finally {
  await system.close();
}
