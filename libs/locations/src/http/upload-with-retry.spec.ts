import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { S3SignedPolicy } from '#wire';
import { rawAnswer, startRawServer, type RawServer } from '../../../../test/support/raw-http-server.js';
import { UploadRefused } from '../errors.js';
import { HttpClient } from './http-client.js';
import { uploadWithRetry, type UploadRetryOptions } from './upload-with-retry.js';

const OK = rawAnswer('204 No Content', {});
const errorAnswer = (status: string, code: string, headers: Record<string, string> = {}): string =>
  rawAnswer(status, headers, `<Error><Code>${code}</Code><Message>m</Message></Error>`);

/** A peer that gives these answers in turn (undefined: cuts the connection) and an upload to it; there is no grant at first. */
const setUp = async (
  answers: (string | undefined)[],
): Promise<{
  server: RawServer;
  run: (options?: Partial<UploadRetryOptions>, withoutGrant?: number) => Promise<number[]>;
}> => {
  const server = await startRawServer(async (socket: Socket, request, number) => {
    await request.body;
    const answer = answers[number - 1];
    if (answer === undefined) socket.resetAndDestroy();
    else socket.write(answer);
  });
  const client = new HttpClient({ timeoutMs: 5000 });
  const dir = await mkdtemp(join(tmpdir(), 'locations-'));
  onTestFinished(async () => {
    await client.close();
    await server.close();
    await rm(dir, { recursive: true });
  });
  const path = join(dir, 'spool');
  await writeFile(path, 'evidence');
  const policy: S3SignedPolicy = {
    __type__: 'S3SignedPolicy',
    url: `${server.url}/bucket`,
    path_prefix: 'tickets/',
    path_template: '',
    fields: { policy: 'p' },
    min_bytes: 1,
    max_bytes: 100,
    expires_at: '2026-03-08T00:00:00.000Z',
  };
  const run = async (options: Partial<UploadRetryOptions> = {}, withoutGrant = 0): Promise<number[]> => {
    const waits: number[] = [];
    let asked = 0;
    await uploadWithRetry(client, () => (++asked > withoutGrant ? policy : undefined), 'tickets/a', path, {
      signal: new AbortController().signal,
      random: () => 0.5,
      sleep: async (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
      ...options,
    });
    return waits;
  };
  return { server, run };
};

describe('uploadWithRetry', () => {
  it('goes on after cut connections and 5xx, waiting longer each time, until the store has it', async () => {
    const { server, run } = await setUp([undefined, errorAnswer('500 Oops', 'InternalError'), undefined, OK]);
    expect(await run()).toEqual([500, 1000, 2000]);
    expect(server.requests).toHaveLength(4);
  });

  it('never waits longer than the longest delay', async () => {
    const { run } = await setUp([...Array.from({ length: 14 }, () => undefined), OK]);
    const waits = await run();
    expect(waits).toHaveLength(14);
    expect(Math.max(...waits)).toBe(450_000);
  });

  it('waits as long as the store asks, up to an hour', async () => {
    const busy = (seconds: string): string => errorAnswer('503 Busy', 'ServiceUnavailable', { 'Retry-After': seconds });
    const { run } = await setUp([busy('60'), busy('999999'), OK]);
    expect(await run()).toEqual([60_000, 3_600_000]);
  });

  it('reads the job file again once on 403, then waits', async () => {
    const forbidden = errorAnswer('403 Forbidden', 'AccessDenied');
    const { server, run } = await setUp([forbidden, forbidden, forbidden, OK]);
    let read = 0;
    const waits = await run({
      onRefused: async () => {
        read++;
        return Promise.resolve();
      },
    });
    expect(read).toBe(1);
    expect(waits).toEqual([500, 1000]);
    expect(server.requests).toHaveLength(4);
  });

  it('waits for a grant where there is none, and says so', async () => {
    const { server, run } = await setUp([OK]);
    const told: unknown[] = [];
    await run({ onWait: (failure, delayMs) => told.push([failure, delayMs]) }, 2);
    expect(told).toEqual([
      [undefined, 500],
      [undefined, 1000],
    ]);
    expect(server.requests).toHaveLength(1);
  });

  it('waits out a quota without asking for another grant', async () => {
    const { run } = await setUp([errorAnswer('403 Forbidden', 'QuotaExceeded'), OK]);
    const waits = await run({ onRefused: () => Promise.reject(new Error('not to be called')) });
    expect(waits).toEqual([500]);
  });

  it.each([
    ['400 Bad Request', 'EntityTooLarge', 'too-large'],
    ['400 Bad Request', 'InvalidArgument', 'final'],
  ])('gives up at once on %s %s', async (status, code, kind) => {
    const { server, run } = await setUp([errorAnswer(status, code), OK]);
    const error = await run().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UploadRefused);
    expect(error).toMatchObject({ kind });
    expect(server.requests).toHaveLength(1);
  });

  it('stops waiting when it is aborted', async () => {
    const abort = new AbortController();
    const reason = new Error('flow cancelled');
    const { server, run } = await setUp([undefined, OK]);
    const { sleepFor } = await import('../backoff.js');
    await expect(
      run({ signal: abort.signal, sleep: sleepFor, firstDelayMs: 600_000, onWait: () => abort.abort(reason) }),
    ).rejects.toBe(reason);
    expect(server.requests).toHaveLength(1);
  });

  it('does not repeat what is a fault of ours', async () => {
    const { server, run } = await setUp([OK]);
    await expect(run({ contentType: 'none' })).rejects.toThrow('content type');
    expect(server.requests).toHaveLength(0);
  });
});
