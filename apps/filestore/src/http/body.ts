import type { IncomingMessage } from 'node:http';
import { S3Error } from '../s3-error.js';
import type { Exchange } from './exchange.js';

/** A body must come at this many bytes a second on average, once the grace has passed. */
const MIN_RATE = 512;
const GRACE = 30_000;

/**
 * The body's bytes as they come. Asks a client that waits for it (Expect: 100-continue) to go on, so call it only when
 * the request has passed every check of its head. A client that dribbles is cut off.
 * @throws S3Error RequestTimeout
 */
export async function* bodyOf({ message, response }: Pick<Exchange, 'message' | 'response'>): AsyncGenerator<Buffer> {
  if (message.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  const start = performance.now();
  let received = 0;
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the request body is not bytes');
    received += chunk.length;
    const elapsed = performance.now() - start;
    if (elapsed > GRACE && received < (elapsed / 1_000) * MIN_RATE) throw new S3Error('RequestTimeout');
    yield chunk;
  }
}

/**
 * The length of the body.
 * @throws S3Error MissingContentLength, InvalidRequest
 */
export function contentLength(message: IncomingMessage): number {
  const text = message.headers['content-length'];
  if (text === undefined) throw new S3Error('MissingContentLength');
  if (!/^\d{1,15}$/.test(text)) throw new S3Error('InvalidRequest', 'Content-Length is not a number.');
  return Number(text);
}

/**
 * Reads a whole body of bounded length.
 * @throws S3Error EntityTooLarge
 */
export async function readWhole(exchange: Exchange, limit: number): Promise<Buffer> {
  if (contentLength(exchange.message) > limit) throw new S3Error('EntityTooLarge');
  const chunks: Buffer[] = [];
  for await (const chunk of bodyOf(exchange)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
