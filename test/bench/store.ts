// `npm run bench -- store [--keys N] [--mib N] [--seconds S]`: the file store beside what the machine can do: 304 polls
// against a bare node:http server and nginx, signed PUTs against the disk's own fsync, a large object up and down, listing.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer, connect, type AddressInfo } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ListObjectsV2Command, PutObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { s3Client } from '../contract/client.js';
import { FILESTORE_KEYS, startFileStore } from '../support/filestore-process.js';

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '100000' },
    mib: { type: 'string', default: '1024' },
    seconds: { type: 'string', default: '4' },
  },
});
const KEYS = Number(values.keys);
const MIB = Number(values.mib);
const SECONDS = Number(values.seconds);
const BUCKET = 'evidence';
const CONNECTIONS = 16;
/** PUTs and plain fsyncs are measured in turns, so often. */
const ROUNDS = 9;
const NGINX = '/usr/sbin/nginx';

interface Row {
  what: string;
  here: number;
  unit: string;
  beside: string;
  other: number | undefined;
  wanted: string;
}
const rows: Row[] = [];
const folder = await mkdtemp(join(tmpdir(), 'rekall-bench-'));
const server = await startFileStore(join(folder, 'store'));
const client = s3Client({ endpoint: server.url, region: 'us-east-1' }, FILESTORE_KEYS.service);
const children: ChildProcess[] = [];

/** Sends one request over and over on some connections; answers a second. Answers have no body. */
async function hammer(port: number, request: string, status: string): Promise<number> {
  const end = performance.now() + SECONDS * 1_000;
  let answers = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect(port, '127.0.0.1').setNoDelay(true);
      await once(socket, 'connect');
      const done = Promise.withResolvers<undefined>();
      let rest = '';
      socket.on('error', done.reject);
      socket.on('data', (chunk) => {
        rest += chunk.toString('latin1');
        if (!rest.endsWith('\r\n\r\n')) return;
        if (!rest.startsWith(`HTTP/1.1 ${status}`)) done.reject(new Error(rest));
        rest = '';
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
}

/** Sends each request once, over some connections. Answers are 200 and have no body. */
async function sendAll(port: number, requests: readonly string[]): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect(port, '127.0.0.1').setNoDelay(true);
      await once(socket, 'connect');
      const done = Promise.withResolvers<undefined>();
      let rest = '';
      const send = (): void => {
        const request = requests[next++];
        if (request === undefined) done.resolve(undefined);
        else socket.write(request);
      };
      socket.on('error', done.reject);
      socket.on('data', (chunk) => {
        rest += chunk.toString('latin1');
        if (!rest.endsWith('\r\n\r\n')) return;
        if (!rest.startsWith('HTTP/1.1 200')) done.reject(new Error(rest));
        rest = '';
        send();
      });
      send();
      await done.promise;
      socket.destroy();
    }),
  );
}

const poll = (port: number, path: string, etag: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${String(port)}\r\nIf-None-Match: ${etag}\r\n\r\n`;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const there = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (there) return;
  }
}

async function start(port: number, program: string, args: string[]): Promise<void> {
  children.push(spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] }));
  await untilListening(port);
}

/** nginx on a folder; undefined when it is not installed (Debian's package nginx-light). */
async function startNginx(files: string): Promise<number | undefined> {
  if (!existsSync(NGINX)) return undefined;
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(
    config,
    `daemon off; ${user} worker_processes 1; pid ${folder}/nginx.pid; error_log stderr crit; events {}
     http { access_log off; sendfile on; keepalive_requests 100000000; client_body_temp_path ${folder}/nginx-body;
       proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
       server { listen 127.0.0.1:${String(port)}; root ${files}; } }`,
  );
  await start(port, NGINX, ['-c', config, '-p', folder]);
  return port;
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
};

/** Peak resident memory of the server, MiB. */
const peak = (): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${String(server.pid)}/status`, 'utf8'))?.[1] ?? 0) / 1_024;

async function polls(nginx: number | undefined, files: string): Promise<void> {
  const written = await client.send(
    new PutObjectCommand({ Bucket: BUCKET, Key: 'public/jobs', Body: 'x'.repeat(2_000) }),
  );
  const etag = written.ETag ?? '';
  await (await fetch(`${server.url}/${BUCKET}/public/jobs`)).text();
  const own = await hammer(server.port, poll(server.port, `/${BUCKET}/public/jobs`, etag), '304');
  const bare = await freePort();
  const text = `require('node:http').createServer((q,s)=>{s.writeHead(304,{ETag:'"x"'});s.end()}).listen(${String(bare)},'127.0.0.1')`;
  await start(bare, process.execPath, ['-e', text]);
  const other = await hammer(bare, poll(bare, '/x', '"x"'), '304');
  rows.push({ what: '304 polls', here: own, unit: '/s', beside: 'bare node:http', other, wanted: '>= 0.5' });
  if (nginx === undefined) return;
  writeFileSync(join(files, 'jobs'), 'x'.repeat(2_000));
  const tag = (await fetch(`http://127.0.0.1:${String(nginx)}/jobs`)).headers.get('etag') ?? '';
  const third = await hammer(nginx, poll(nginx, '/jobs', tag), '304');
  rows.push({ what: '304 polls', here: own, unit: '/s', beside: 'nginx', other: third, wanted: 'shown' });
}

async function together(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

async function puts(): Promise<void> {
  const body = Buffer.alloc(4_096, 'e');
  const count = 500 * ROUNDS;
  const urls = await Promise.all(
    Array.from({ length: count }, (_unused, index) =>
      getSignedUrl(
        client,
        new PutObjectCommand({ Bucket: BUCKET, Key: `puts/${String(index % 50)}/${String(index)}` }),
      ),
    ),
  );
  const requests = urls.map((url) => {
    const { pathname, search, host } = new URL(url);
    const head = `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${String(body.length)}\r\n\r\n`;
    return head + body.toString('latin1');
  });
  const plain = async (round: number, index: number): Promise<void> => {
    const file = await open(join(folder, `fsync-${String(round)}-${String(index)}`), 'w');
    await file.write(body);
    await file.sync();
    await file.close();
  };
  // In turns, so that other work on the machine meets both; the middle of the ratios counts.
  const per = count / ROUNDS;
  const seen: { own: number; disk: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const own = await seconds(() => sendAll(server.port, requests.slice(round * per, (round + 1) * per)));
    const disk = await seconds(() => together(per, (index) => plain(round, index)));
    seen.push({ own: per / own, disk: per / disk });
  }
  const ratio = (of: { own: number; disk: number }): number => of.own / of.disk;
  const middle = seen.toSorted((a, b) => ratio(a) - ratio(b))[Math.floor(ROUNDS / 2)];
  rows.push({
    what: '4 kB signed PUTs',
    here: middle?.own ?? 0,
    unit: '/s',
    beside: `fsync of 4 kB files, ${String(CONNECTIONS)} at once`,
    other: middle?.disk,
    wanted: '>= 0.5',
  });
}

async function large(nginx: number | undefined, files: string): Promise<void> {
  const path = join(files, 'large');
  const began = peak();
  execFileSync('dd', ['if=/dev/urandom', `of=${path}`, 'bs=1M', `count=${String(MIB)}`], { stdio: 'ignore' });
  const copy = await seconds(async () => {
    await once(spawn('dd', [`if=${path}`, `of=${path}.copy`, 'bs=1M', 'conv=fsync'], { stdio: 'ignore' }), 'exit');
  });
  const md5 = await seconds(async () => {
    await once(spawn('md5sum', [path], { stdio: 'ignore' }), 'exit');
  });
  const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: BUCKET, Key: 'large' }));
  const up = await seconds(async () => {
    const [code] = (await once(spawn('curl', ['-sf', '-T', path, url], { stdio: 'ignore' }), 'exit')) as [number];
    if (code !== 0) throw new Error(`curl ended with ${String(code)}`);
  });
  rows.push({
    what: 'upload',
    here: MIB / up,
    unit: 'MiB/s',
    beside: 'dd conv=fsync',
    other: MIB / copy,
    wanted: '>= 0.7, or md5sum',
  });
  rows.push({ what: 'upload', here: MIB / up, unit: 'MiB/s', beside: 'md5sum', other: MIB / md5, wanted: 'or dd' });
  const down = async (from: string): Promise<number> =>
    seconds(async () => {
      await once(spawn('curl', ['-s', '-o', '/dev/null', from], { stdio: 'ignore' }), 'exit');
    });
  const own = await down(await getSignedUrl(client, new GetObjectCommand({ Bucket: BUCKET, Key: 'large' })));
  const other = nginx === undefined ? undefined : MIB / (await down(`http://127.0.0.1:${String(nginx)}/large`));
  rows.push({ what: 'download', here: MIB / own, unit: 'MiB/s', beside: 'nginx', other, wanted: '>= 0.5' });
  rows.push({ what: 'peak memory', here: peak(), unit: 'MiB', beside: 'before', other: began, wanted: '< 200 MiB' });
}

async function listing(): Promise<void> {
  await together(KEYS, async (index) => {
    const Key = `list/${String(index % 100).padStart(2, '0')}/${String(index)}`;
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));
  });
  // Answers are read as text: taking the XML apart is the client's own work.
  const page = async (token: string | undefined): Promise<string> => {
    const command = new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'list/', ContinuationToken: token });
    return (await fetch(await getSignedUrl(client, command))).text();
  };
  const list = async (): Promise<void> => {
    let seen = 0;
    let token: string | undefined;
    do {
      const text = await page(token);
      seen += text.match(/<Key>/g)?.length ?? 0;
      token = /<NextContinuationToken>([^<]+)/.exec(text)?.[1];
    } while (token !== undefined);
    if (seen !== KEYS) throw new Error(`${String(seen)} of ${String(KEYS)} keys were listed`);
  };
  rows.push({
    what: `listing ${String(KEYS)} keys`,
    here: await seconds(list),
    unit: 's',
    beside: '',
    other: undefined,
    wanted: '< 2 s',
  });
}

const show = (value: number): string => (value < 100 ? value.toFixed(2) : value.toFixed(0));
try {
  const files = join(folder, 'files');
  mkdirSync(files);
  const nginx = await startNginx(files);
  await polls(nginx, files);
  await puts();
  await large(nginx, files);
  await listing();
  console.log(`| what | file store | beside | there | ratio | wanted |\n| --- | --- | --- | --- | --- | --- |`);
  for (const { what, here, unit, beside, other, wanted } of rows) {
    const there = other === undefined ? '' : `${show(other)} ${unit}`;
    const ratio = other === undefined ? '' : (here / other).toFixed(2);
    console.log(`| ${what} | ${show(here)} ${unit} | ${beside} | ${there} | ${ratio} | ${wanted} |`);
  }
  mkdirSync('bench-results', { recursive: true });
  const machine = {
    cpus: cpus().length,
    load: loadavg(),
    node: process.version,
    kernel: execFileSync('uname', ['-r']).toString().trim(),
  };
  writeFileSync(
    'bench-results/store.json',
    `${JSON.stringify({ at: new Date().toISOString(), machine, rows }, null, 2)}\n`,
  );
} finally {
  for (const child of children) child.kill();
  client.destroy();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
