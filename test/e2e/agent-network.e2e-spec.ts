import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, request as requestOf } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { AgentDeployment } from '../support/agent-deployment.js';
import { PSLIST } from '../support/agent-queries.js';
import { AgentWorld } from '../support/agent-world.js';
import { until } from '../support/other-process.js';
import { selfSigned } from '../support/self-signed.js';

const HOUR_MS = 3_600_000;

let world: AgentWorld;
let bucket: AgentDeployment;
let storePort: number;
let bucketPath: string;

beforeAll(async () => {
  world = await AgentWorld.start();
  bucket = world.deployment;
  const { port, pathname } = new URL(bucket.store.bucketUrl);
  [storePort, bucketPath] = [Number(port), pathname];
});
afterEach(async ({ task }) => {
  await world.stopAgents(task.result?.state === 'fail');
});
afterAll(() => bucket.close());

/** Listens on a free port until the test ends. */
const listen = async (server: Server): Promise<number> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

/** Joins two connections; when one is gone, so is the other. */
const joined = (one: Socket, other: Socket): void => {
  one.pipe(other).pipe(one);
  one.on('error', () => other.destroy()).on('close', () => other.destroy());
  other.on('error', () => one.destroy()).on('close', () => one.destroy());
};

describe('over TLS', () => {
  /** The store behind TLS, by a certificate that only the configuration can make known. */
  const behindTls = async (): Promise<{ bucket_url: string; extra_ca_file: string }> => {
    const { cert, key } = await selfSigned();
    const extra_ca_file = join(bucket.folder, 'extra-ca.pem');
    await writeFile(extra_ca_file, cert);
    const port = await listen(
      createTlsServer({ cert, key }, (socket) => joined(socket, connect(storePort, '127.0.0.1'))),
    );
    return { bucket_url: `https://127.0.0.1:${port}${bucketPath}`, extra_ca_file };
  };

  it('an agent knows the store by the extra CA of its configuration, and by nothing else', async () => {
    const { bucket_url, extra_ca_file } = await behindTls();
    const hunt = await world.hunt(PSLIST);
    const stranger = await world.agent(world.newState(), {}, { bucket_url });
    await until('it says what is wrong', () =>
      stranger.log.some((line) => JSON.stringify(line).includes('check the clock, the certificate and the extra CA')),
    );
    expect(await bucket.tickets(hunt.flowId)).toEqual([]);
    await world.stopAgents(false);

    await world.agent(world.newState(), {}, { bucket_url, extra_ca_file });
    expect(await world.final(hunt.flowId)).toMatchObject({ state: 'Done' });
  });

  it.each([HOUR_MS, -HOUR_MS])('a clock that is %d ms wrong is put right by the store’s', async (ms) => {
    const place = await behindTls();
    // An agent that went by its own clock would take none: not created yet, or past already.
    const hunt = await world.hunt(PSLIST, { expires_at: new Date(Date.now() + HOUR_MS / 2).toISOString() });
    await world.agent(world.newState(), { REKALL_AGENT_CLOCK_SKEW_MS: String(ms) }, place);
    const ticket = await world.final(hunt.flowId);
    expect(ticket.state).toBe('Done');
    expect(Math.abs(ticket.clock_offset_ms + ms)).toBeLessThan(60_000);
    expect(Math.abs(Date.parse(ticket.local_time) - Date.now() - ms)).toBeLessThan(60_000);
  });
});

it('through a proxy goes everything, by names that only the proxy knows', async () => {
  const asked: string[] = [];
  const proxy = createHttpServer((request, answer) => {
    const { host, pathname, search } = new URL(request.url ?? '');
    asked.push(host);
    const { method = '', headers } = request;
    const onward = requestOf({ port: storePort, host: '127.0.0.1', method, headers, path: `${pathname}${search}` });
    onward.on('response', (theirs) => {
      answer.writeHead(theirs.statusCode ?? 502, theirs.headers);
      theirs.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    request.pipe(onward);
  });
  const port = await listen(proxy);
  const hunt = await world.hunt(PSLIST);
  const bucket_url = `http://store.invalid${bucketPath}`;
  await world.agent(world.newState(), {}, { bucket_url, proxy: `http://127.0.0.1:${port}` });
  expect(await world.final(hunt.flowId)).toMatchObject({ state: 'Done' });
  expect([...new Set(asked)].sort()).toEqual([`127.0.0.1:${storePort}`, 'store.invalid']);
});
