import type { IncomingMessage, ServerResponse } from 'node:http';
import { S3Error } from '../s3-error.js';
import { sendEmpty } from './exchange.js';

const METHODS = 'GET, HEAD, PUT, POST, DELETE';
const EXPOSED = 'ETag, Content-Range, Last-Modified, x-amz-request-id';
const MAX_AGE = '600';

/** Lets pages of the named origins read answers; `*` names all. Credentials are in signatures, never in cookies. */
export function allowOrigin(origins: readonly string[], message: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = message.headers;
  if (origins.length === 0) return false;
  response.setHeader('Vary', 'Origin');
  if (origin === undefined || !(origins.includes(origin) || origins.includes('*'))) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  return true;
}

/**
 * Answers the question that a browser asks before it sends.
 * @throws S3Error AccessForbidden
 */
export function answerPreflight(allowed: boolean, message: IncomingMessage, response: ServerResponse): void {
  const method = message.headers['access-control-request-method'];
  if (!allowed || method === undefined || !METHODS.split(', ').includes(method)) {
    throw new S3Error('AccessForbidden');
  }
  const asked = message.headers['access-control-request-headers'];
  sendEmpty(response, 200, {
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Max-Age': MAX_AGE,
    ...(asked === undefined ? {} : { 'Access-Control-Allow-Headers': asked }),
  });
}
