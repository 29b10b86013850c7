import { createHash } from 'node:crypto';
import type { Incoming } from '../disk/incoming.js';
import type { ObjectMeta } from '../disk/object-file.js';
import { S3Error } from '../s3-error.js';
import { chunkedBody, decodeAwsChunked } from './aws-chunked.js';
import { bodyOf, contentLength } from './body.js';
import { startChecksum } from './checksums.js';
import type { Exchange } from './exchange.js';

/** The largest object, bytes (5 TiB). */
export const MAX_OBJECT_BYTES = 5 * 2 ** 40;

/** Checksum with its value, or with the value to come in a trailer. */
interface ClaimedChecksum {
  readonly algorithm: string;
  readonly value: string | undefined;
}

/** The content's length as the request's head gives it. @throws S3Error */
export function declaredSize({ message, request, authenticated }: Exchange): number {
  const length = contentLength(message);
  if (!authenticated.payload.startsWith('STREAMING-')) return checkSize(length);
  const decoded = request.amz.get('x-amz-decoded-content-length');
  if (decoded === undefined || !/^\d{1,15}$/.test(decoded)) throw new S3Error('MissingContentLength');
  return checkSize(Number(decoded));
}

function checkSize(size: number): number {
  if (size > MAX_OBJECT_BYTES) throw new S3Error('EntityTooLarge');
  return size;
}

/**
 * The one checksum that the parameters name.
 * @throws S3Error InvalidRequest, InvalidDigest, NotImplemented
 */
export function claimedChecksum(amz: ReadonlyMap<string, string>): ClaimedChecksum | undefined {
  const claims: ClaimedChecksum[] = [];
  for (const [name, value] of amz) {
    const algorithm = /^x-amz-checksum-(?!algorithm$|mode$|type$)(.+)$/.exec(name)?.[1];
    if (algorithm !== undefined) claims.push({ algorithm, value });
  }
  const trailer = amz.get('x-amz-trailer');
  if (trailer !== undefined) {
    const algorithm = /^x-amz-checksum-([a-z0-9]+)$/.exec(trailer.trim().toLowerCase())?.[1];
    if (algorithm === undefined) throw new S3Error('InvalidRequest', 'x-amz-trailer must name one checksum header.');
    claims.push({ algorithm, value: undefined });
  }
  if (claims.length > 1) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.');
  return claims[0];
}

function parseMd5(header: string | undefined): Buffer | undefined {
  if (header === undefined) return undefined;
  const bytes = Buffer.from(header, 'base64');
  if (bytes.length !== 16 || bytes.toString('base64') !== header) throw new S3Error('InvalidDigest');
  return bytes;
}

/** What was received, verified against everything that the request says of its body. */
export interface Received {
  /** Raw MD5 of the content. */
  readonly md5: Buffer;
  readonly checksum: ObjectMeta['checksum'];
}

/**
 * Takes a request's body in: decodes aws-chunked, and checks length, `x-amz-content-sha256`, `Content-MD5` and
 * `x-amz-checksum-*`.
 * @throws S3Error BadDigest, InvalidDigest, XAmzContentSHA256Mismatch, IncompleteBody, SignatureDoesNotMatch, ...
 */
export async function receive(exchange: Exchange, into: Incoming): Promise<Received> {
  const { request, authenticated } = exchange;
  const { payload } = authenticated;
  const size = declaredSize(exchange);
  const md5 = parseMd5(request.headers.get('content-md5'));
  const claim = claimedChecksum(request.amz);
  const running = claim === undefined ? undefined : startChecksum(claim.algorithm);
  const chunked = chunkedBody(payload, authenticated.signing);
  const hashed = chunked === undefined && payload !== 'UNSIGNED-PAYLOAD';
  if (hashed && !/^[0-9a-f]{64}$/.test(payload)) {
    throw new S3Error('InvalidArgument', 'x-amz-content-sha256 must be a hash, UNSIGNED-PAYLOAD or STREAMING-...');
  }
  const sha256 = createHash('sha256');
  const trailers = new Map<string, string>();
  const raw = bodyOf(exchange);
  for await (const chunk of chunked === undefined ? raw : decodeAwsChunked(raw, chunked, trailers)) {
    if (hashed) sha256.update(chunk);
    running?.update(chunk);
    if (into.size + chunk.length > size) throw new S3Error('IncompleteBody', 'The body is longer than declared.');
    await into.write(chunk);
  }
  if (into.size !== size) throw new S3Error('IncompleteBody');
  if (hashed && sha256.digest('hex') !== payload) throw new S3Error('XAmzContentSHA256Mismatch');
  const own = await into.digest();
  if (md5 !== undefined && !md5.equals(own)) throw new S3Error('BadDigest');
  return { md5: own, checksum: checkChecksum(claim, running?.digest(), trailers) };
}

function checkChecksum(
  claim: ClaimedChecksum | undefined,
  computed: string | undefined,
  trailers: ReadonlyMap<string, string>,
): ObjectMeta['checksum'] {
  if (claim === undefined || computed === undefined) return undefined;
  const expected = claim.value ?? trailers.get(`x-amz-checksum-${claim.algorithm}`);
  if (expected === undefined) throw new S3Error('InvalidRequest', 'The checksum that x-amz-trailer names is missing.');
  if (expected !== computed) throw new S3Error('BadDigest', `The ${claim.algorithm} that you specified did not match.`);
  return { algorithm: claim.algorithm, value: computed };
}
