import { closeSync, readSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { requireAccess } from '../auth/principal.js';
import type { ObjectMeta } from '../disk/object-file.js';
import { isNotModified, parseRange } from '../http/conditions.js';
import { sendEmpty, sendXml, type Exchange, type Services } from '../http/exchange.js';
import type { S3Request } from '../http/s3-request.js';
import { sendFile } from '../http/send-file.js';
import { S3Error } from '../s3-error.js';
import { wrap, xmlDocument } from '../xml.js';

/** Up to this size an object is read in one go. */
const SMALL = 128 * 1_024;

const OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
] as const;

/** Whole seconds, as in every HTTP date. */
export function lastModified(meta: ObjectMeta): string {
  return new Date(meta.modified).toUTCString();
}

/** The headers that describe an object, without length and range. */
function describingHeaders({ request, authenticated }: Exchange, meta: ObjectMeta): Record<string, string> {
  const headers: Record<string, string> = { ...meta.headers };
  for (const name of OVERRIDES) {
    const value = request.query.get(`response-${name}`);
    if (value === undefined) continue;
    if (authenticated.principal.kind === 'anonymous') {
      throw new S3Error('InvalidRequest', 'Request-specific response headers cannot be used for anonymous requests.');
    }
    if (!/^[\t\x20-\x7e]*$/.test(value))
      throw new S3Error('InvalidArgument', `response-${name} cannot be sent as a header.`);
    headers[name] = value;
  }
  for (const [name, value] of Object.entries(meta.user)) headers[`x-amz-meta-${name}`] = value;
  if (meta.checksum !== undefined && request.amz.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    headers[`x-amz-checksum-${meta.checksum.algorithm}`] = meta.checksum.value;
  }
  headers['etag'] = `"${meta.etag}"`;
  headers['last-modified'] = lastModified(meta);
  headers['accept-ranges'] = 'bytes';
  return headers;
}

/** The answer 304, with the validators of the object. */
export function sendNotModified(response: ServerResponse, meta: ObjectMeta): void {
  const headers: Record<string, string> = { ETag: `"${meta.etag}"`, 'Last-Modified': lastModified(meta) };
  const cacheControl = meta.headers['cache-control'];
  if (cacheControl !== undefined) headers['Cache-Control'] = cacheControl;
  sendEmpty(response, 304, headers);
}

/** What is missing is said only to those who may list; others cannot tell it from what they may not read (as on AWS). */
function missing(exchange: Exchange): S3Error {
  if (exchange.authenticated.principal.kind === 'service') return new S3Error('NoSuchKey');
  return new S3Error('AccessDenied');
}

function refuseUnbuilt(request: S3Request): void {
  for (const name of request.query.keys()) {
    if (name === 'partNumber' || (name === 'versionId' && request.query.get(name) !== 'null')) {
      throw new S3Error('NotImplemented', `${name} is not implemented.`);
    }
  }
}

/** GetObject and HeadObject. */
export async function getObject(services: Services, exchange: Exchange): Promise<void> {
  const { request, response, authenticated } = exchange;
  requireAccess(authenticated.principal, 'read', request.key, services.publicPrefix);
  refuseUnbuilt(request);
  if (request.method === 'HEAD') {
    const meta = services.store.head(request.key);
    if (meta === undefined) throw missing(exchange);
    if (sendHead(exchange, meta) !== undefined) response.end();
    return;
  }
  const opened = services.store.open(request.key);
  if (opened === undefined) throw missing(exchange);
  try {
    const range = sendHead(exchange, opened.meta);
    if (range === undefined) return;
    if (range.length <= SMALL) response.end(readPiece(opened.fd, range.start, range.length));
    else await sendFile(opened.fd, range.start, range.length, response);
  } finally {
    closeSync(opened.fd);
  }
}

/** GetObjectTagging: there are no tags, as clients that copy large objects ask. */
export function getTagging({ store }: Services, exchange: Exchange): void {
  if (store.head(exchange.request.key) === undefined) throw missing(exchange);
  sendXml(exchange.response, 200, xmlDocument('Tagging', wrap('TagSet')));
}

/** Sends the head of a 200, 206 or 304; undefined after a 304, which has no body, else the bytes that follow. */
function sendHead(
  exchange: Exchange,
  meta: ObjectMeta,
): { readonly start: number; readonly length: number } | undefined {
  const { request, response } = exchange;
  if (isNotModified(request.headers, meta)) {
    sendNotModified(response, meta);
    return undefined;
  }
  const headers = describingHeaders(exchange, meta);
  const range = parseRange(request.headers, meta);
  const { start, length } =
    range === undefined ? { start: 0, length: meta.size } : { start: range.start, length: range.end - range.start + 1 };
  if (range !== undefined)
    headers['content-range'] = `bytes ${String(range.start)}-${String(range.end)}/${String(meta.size)}`;
  headers['content-length'] = String(length);
  response.writeHead(range === undefined ? 200 : 206, headers);
  return { start, length };
}

function readPiece(fd: number, start: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, start + done);
    if (count === 0) throw new Error('an object file ended early');
    done += count;
  }
  return buffer;
}
