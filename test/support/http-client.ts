// The agent's HTTP client against servers that answer what a test says.
import { onTestFinished } from 'vitest';
import type { Socket } from 'node:net';
import { HttpClient, type HttpClientOptions } from '#locations';
import { rawAnswer, type RawRequest, type RawServer, startRawServer } from './raw-http-server.js';

export type Answer = (socket: Socket, request: RawRequest, number: number) => unknown;

/** A server of this test. */
export const serve = async (answer: Answer): Promise<RawServer> => {
  const server = await startRawServer(answer);
  onTestFinished(() => server.close());
  return server;
};

/** A client of this test. */
export const client = (options: HttpClientOptions = {}): HttpClient => {
  const made = new HttpClient({ timeoutMs: 5000, ...options });
  onTestFinished(() => made.close());
  return made;
};

/** The same to each request. */
export const answering =
  (status: string, headers: Record<string, string>, body = ''): Answer =>
  (socket) => {
    socket.write(rawAnswer(status, headers, body));
  };

/** What a promise fails with; one that does not fail is a failure. */
export const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
