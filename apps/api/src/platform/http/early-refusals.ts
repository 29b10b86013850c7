import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { instanceOf, PROBLEM_TYPE, problem } from '../errors/problem.js';

/* What is refused before a route, and so a filter, is reached. */

/** The headers of every answer, where the usual hooks do not run. */
const headers = (requestId: string): IncomingHttpHeaders => ({
  'content-type': `${PROBLEM_TYPE}; charset=utf-8`,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-request-id': requestId,
});

const UNROUTED: Record<string, { status: number; code: string; detail: string }> = {
  FST_ERR_BAD_URL: {
    status: 400,
    code: 'request/bad-url',
    detail: 'The path is no URL: a % must be followed by two hex digits, and the bytes must be UTF-8.',
  },
  FST_ERR_MAX_PARAM_LENGTH: {
    status: 414,
    code: 'request/url-too-long',
    detail: 'A part of the path is longer than any id or name of ours.',
  },
};

/** Answers a path that the router cannot take. */
export const refuseUnrouted = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
  const known = UNROUTED[error.code];
  const { status, code, detail } = known ?? { status: 500, code: 'internal/error', detail: 'The router failed.' };
  if (known === undefined) request.log.error({ err: error }, 'the router failed');
  const body = JSON.stringify(problem(status, 'The request is malformed', code, detail, instanceOf(request.id)));
  // past all hooks: they belong to routes
  reply.raw.writeHead(status, { ...headers(request.id), 'content-length': String(Buffer.byteLength(body)) });
  reply.raw.end(body);
};

const UNPARSED: Record<string, { status: number; code: string; detail: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'request/timeout', detail: 'The request did not come to its end.' },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'request/head-too-large',
    detail: 'URL and headers together are larger than 16 KiB.',
  },
  HPE_INVALID_METHOD: { status: 400, code: 'request/bad-method', detail: 'This is no HTTP method.' },
};

/** Answers bytes that are no HTTP request, and closes the connection: nothing after them can be told apart. */
export const refuseUnparsed = (error: Error & { code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const { status, code, detail } = UNPARSED[error.code ?? ''] ?? {
    status: 400,
    code: 'request/no-http',
    detail: 'This is no HTTP request.',
  };
  const id = randomUUID();
  const body = JSON.stringify(problem(status, 'The request is malformed', code, detail, instanceOf(id)));
  const lines = Object.entries({
    ...headers(id),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
};
