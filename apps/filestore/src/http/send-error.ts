import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { isErrno } from '../disk/folder-cache.js';
import { S3Error } from '../s3-error.js';
import { errorDocument } from '../xml.js';

/** A rest of the body up to this size is read and thrown away, so that the connection can be used again. */
const DRAIN = 256 * 1_024;
/** How long a client that still sends is listened to after its answer, so that it can read the answer. */
const LINGER = 2_000;

interface Failure {
  readonly error: unknown;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly log: Logger;
}

/** What an error is for the client: itself, a full disk (or a file that may not grow), or an internal error. */
function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  if (isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) {
    return new S3Error('ServiceUnavailable', 'The disk is full. Nothing was changed.', {
      headers: { 'Retry-After': '60' },
    });
  }
  return new S3Error('InternalError');
}

/** Answers a failed request; logs what is the server's fault. */
export function sendError({ error, message, response, requestId, log }: Failure): void {
  const clientLeft = message.destroyed && !message.complete;
  if (clientLeft || response.destroyed) {
    log.debug({ requestId, err: error }, 'the client went away');
    response.destroy();
    return;
  }
  const refusal = toS3Error(error);
  if (refusal.status >= 500 && refusal.code !== 'NotImplemented')
    log.error({ requestId, err: error }, 'request failed');
  else log.debug({ requestId, code: refusal.code, reason: refusal.message }, 'request refused');
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(
    errorDocument({ Code: refusal.code, Message: refusal.message, ...refusal.detail.elements, RequestId: requestId }),
  );
  const headers: Record<string, string> = {
    'Content-Type': 'application/xml',
    'Content-Length': String(body.length),
    ...refusal.detail.headers,
  };
  if (message.complete) {
    response.writeHead(refusal.status, headers).end(bodyFor(message, body));
    return;
  }
  const rest = bodyLength(message);
  if (rest <= DRAIN && message.headers.expect === undefined) {
    message.resume();
    response.writeHead(refusal.status, headers).end(bodyFor(message, body));
    return;
  }
  response.writeHead(refusal.status, { ...headers, Connection: 'close' });
  response.write(body);
  linger(message, response);
}

function bodyLength({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(headers['content-length'] ?? 0);
}

function bodyFor(message: IncomingMessage, body: Buffer): Buffer | undefined {
  return message.method === 'HEAD' ? undefined : body;
}

/** Closing at once would reset the connection under a client that is still sending, and lose the answer. */
function linger(message: IncomingMessage, response: ServerResponse): void {
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER);
  message.once('end', end);
  message.once('close', end);
  message.resume();
}
