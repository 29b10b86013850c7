import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, startTestApi, type TestApi } from '../support/api.js';
import { rawHttp } from '../support/raw-http.js';

/* Whatever is wrong with a request, and however early that is seen: one kind of answer. */

interface Problem {
  type: string;
  status: number;
  code: string;
  detail: string;
  instance: string;
  errors?: { pointer: string; message: string }[];
}

let api: TestApi;
let port: number;
let caller: Caller;
beforeAll(async () => {
  api = await startTestApi();
  await api.app.listen(0, '127.0.0.1');
  port = Number(new URL(await api.app.getUrl()).port);
  caller = await api.as({ role: 'Administrator', scope: '*' });
});
afterAll(() => api.close());

/** Sends these bytes; the answer's problem, its head checked. */
const send = async (...pieces: string[]): Promise<Problem> => {
  const { status, text } = await rawHttp(port, ...pieces);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head.toLowerCase()).toMatch(/\r\ncontent-type: application\/problem\+json/);
  expect(head.toLowerCase()).toMatch(/\r\ncache-control: no-store/);
  expect(head.toLowerCase()).toMatch(/\r\nx-request-id: [0-9a-f-]{36}/);
  const problem = JSON.parse(body) as Problem;
  expect(problem.status).toBe(status);
  expect(problem.type).toBe(`urn:rekall:problem:${problem.code}`);
  expect(problem.instance).toMatch(/^urn:rekall:request:[0-9a-f-]{36}$/);
  return problem;
};

const request = (line: string, headers: string[] = [], body = ''): string =>
  [`${line} HTTP/1.1`, 'Host: 127.0.0.1', `Authorization: Bearer ${caller.token}`, ...headers, '', body].join('\r\n');

const posted = (type: string, body: string): string =>
  request('POST /api/v1/hunts', [`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`], body);

describe('a request that reaches no route', () => {
  it.each([
    ['a path that is no URL', () => request('GET /%'), 400, 'request/bad-url'],
    ['a path of bytes that are no UTF-8', () => request('GET /api/v1/hunts/%ff'), 400, 'request/bad-url'],
    ['an id longer than any', () => request(`GET /api/v1/hunts/${'x'.repeat(300)}`), 414, 'request/url-too-long'],
    ['a URL larger than a head may be', () => request(`GET /${'x'.repeat(20_000)}`), 431, 'request/head-too-large'],
    ['a method that is none', () => request('HUNT /api/v1/hunts'), 400, 'request/bad-method'],
    ['a method that no route has', () => request('PROPFIND /api/v1/hunts'), 404, 'request/no-such-route'],
    ['no HTTP at all', () => 'EHLO mail.example.org\r\n\r\n', 400, 'request/bad-method'],
    ['a header that is none', () => request('GET /api/v1/me', ['no colon']), 400, 'request/no-http'],
    ['JSON that is none', () => posted('application/json', '{"type":'), 400, 'request/malformed'],
    ['no body where one is needed', () => posted('application/json', ''), 400, 'request/malformed'],
    ['another media type', () => posted('text/plain', 'type=ListProcesses'), 415, 'request/malformed'],
    ['a form', () => posted('application/x-www-form-urlencoded', 'type=Collect'), 415, 'request/malformed'],
    ['a body over a MiB', () => posted('application/json', `"${'x'.repeat(1_100_000)}"`), 413, 'request/too-large'],
  ])('is answered with a problem: %s', async (_, bytes, status, code) => {
    const problem = await send(bytes());
    expect([problem.status, problem.code]).toEqual([status, code]);
    expect(problem.detail.length).toBeGreaterThan(10);
  });

  it('costs its sender the connection only where the next request could not be told apart', async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(request('GET /%') + request('GET /api/v1/health/live', ['Connection: close']));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await once(socket, 'close');
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200']);
  });
});

describe('a number in a query', () => {
  it.each(['0x10', '1e1', ' 5', '+5', '5.0', '-1', '0', '1001', '', 'ten', '١', '1000000000000'])(
    'is plain decimal digits within its bounds, not %j',
    async (limit) => {
      for (const path of ['/api/v1/hunts', '/api/v1/bucket', '/api/v1/clients']) {
        const answer = await caller.http.get(path).query({ limit });
        expect([path, answer.status]).toEqual([path, 400]);
        expect((answer.body as Problem).errors?.map((e) => e.pointer)).toEqual(['/limit']);
      }
    },
  );

  it('is taken as what it says, once', async () => {
    expect((await caller.http.get('/api/v1/hunts').query({ limit: '1000' })).status).toBe(200);
    expect((await caller.http.get('/api/v1/hunts').query({ limit: '007' })).status).toBe(200);
    expect((await caller.http.get('/api/v1/hunts?limit=1&limit=2')).status).toBe(400);
  });
});

describe('a wrong part of a path', () => {
  it.each([
    ['/api/v1/hunts/nonsense', 'hunt_id'],
    ['/api/v1/flows/H_0000000000000001', 'flow_id'],
    ['/api/v1/clients/C.1', 'client_id'],
    ['/api/v1/collections/CL_', 'collection_id'],
  ])('is named: %s', async (path, name) => {
    const answer = await caller.http.get(path);
    const { code, detail, errors } = answer.body as Problem;
    expect([answer.status, code]).toEqual([400, 'request/invalid']);
    expect(errors?.map((e) => e.pointer)).toEqual([`/${name}`]);
    expect(detail).toContain(`at /${name}`);
  });
});
