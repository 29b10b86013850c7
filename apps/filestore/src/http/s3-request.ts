import type { IncomingMessage } from 'node:http';
import { cut, isValidUtf8, NO_BYTES, percentDecode, toBytes, toText, uriEncode, type ByteString } from '../bytes.js';
import { S3Error } from '../s3-error.js';

const MAX_KEY_BYTES = 1_024;

/** Headers that must not come twice: one reader would take the first, another the last. */
const SINGLE = new Set([
  'authorization',
  'content-length',
  'content-md5',
  'content-type',
  'host',
  'if-match',
  'if-modified-since',
  'if-unmodified-since',
  'range',
  'transfer-encoding',
]);

/** A request, taken apart once. */
export interface S3Request {
  readonly method: string;
  /** The path, decoded and encoded again by AWS's rule: the canonical URI of the signature. */
  readonly canonicalUri: string;
  /** The query's names and values, encoded by AWS's rule, in the order of the request. */
  readonly canonicalQuery: readonly (readonly [name: string, value: string])[];
  /** Bucket name, empty for the service itself. */
  readonly bucket: string;
  /** The key's bytes: valid UTF-8, at most 1,024; empty for a request on the bucket. */
  readonly key: ByteString;
  /** Decoded query; each name occurs once. */
  readonly query: ReadonlyMap<string, string>;
  /** Headers, names in lower case, values of repeated ones joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  /**
   * `x-amz-*` parameters wherever they are: headers, and for pre-signed URLs the query (names in lower case), but for
   * those of the signature itself.
   */
  readonly amz: ReadonlyMap<string, string>;
}

const SIGNATURE_PARAMETERS = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
]);

function decodeOrRefuse(raw: string, what: string): ByteString {
  const bytes = percentDecode(raw);
  if (bytes === undefined) throw new S3Error('InvalidURI', `The ${what} has a "%" without two hex digits.`);
  if (!isValidUtf8(bytes)) throw new S3Error('InvalidURI', `The ${what} is not valid UTF-8.`);
  return bytes;
}

function parseHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    const before = headers.get(name);
    if (before !== undefined && (SINGLE.has(name) || name.startsWith('x-amz-'))) {
      throw new S3Error('InvalidRequest', `The header ${name} was sent twice.`);
    }
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function parseQuery(raw: string): Pick<S3Request, 'query' | 'canonicalQuery'> {
  const query = new Map<string, string>();
  const canonicalQuery: [string, string][] = [];
  for (const part of raw.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const plain = part.replaceAll('+', '%20');
    const split = at < 0 ? plain.length : plain.indexOf('=');
    const name = decodeOrRefuse(plain.slice(0, split), 'query');
    const value = decodeOrRefuse(plain.slice(split + 1), 'query');
    const text = toText(name);
    if (query.has(text)) throw new S3Error('InvalidArgument', `The query parameter ${text} was sent twice.`);
    query.set(text, toText(value));
    canonicalQuery.push([uriEncode(name), uriEncode(value)]);
  }
  return { query, canonicalQuery };
}

function collectAmz(headers: ReadonlyMap<string, string>, query: ReadonlyMap<string, string>): Map<string, string> {
  const amz = new Map<string, string>();
  for (const [name, value] of query) {
    const lower = name.toLowerCase();
    if (lower.startsWith('x-amz-') && !SIGNATURE_PARAMETERS.has(lower)) amz.set(lower, toBytes(value));
  }
  for (const [name, value] of headers) {
    if (!name.startsWith('x-amz-') || name === 'x-amz-date') continue;
    if (amz.has(name)) throw new S3Error('InvalidArgument', `${name} was sent as a header and in the query.`);
    amz.set(name, value);
  }
  return amz;
}

/** How a request may name the bucket beside its path. */
export interface Addressing {
  readonly bucket: string;
  readonly domains: readonly string[];
}

/** Whether the host name is the bucket's own: `BUCKET.domain`. */
function isBucketHost(host: string | undefined, { bucket, domains }: Addressing): boolean {
  const name = host?.replace(/:\d+$/, '').toLowerCase();
  return name !== undefined && domains.some((domain) => name === `${bucket}.${domain}`);
}

/**
 * Takes a request apart. The bucket is the path's first part, or is named by the host.
 * @throws S3Error InvalidURI, InvalidArgument, InvalidRequest, KeyTooLongError
 */
export function parseRequest(message: IncomingMessage, addressing: Addressing): S3Request {
  const url = message.url ?? '';
  if (!url.startsWith('/')) throw new S3Error('InvalidURI', 'The request target must be a path.');
  const mark = url.indexOf('?');
  const path = decodeOrRefuse(mark < 0 ? url : url.slice(0, mark), 'path');
  const headers = parseHeaders(message.rawHeaders);
  const byHost = isBucketHost(headers.get('host'), addressing);
  const slash = byHost ? 0 : path.indexOf('/', 1);
  const key = slash < 0 ? NO_BYTES : cut(path, slash + 1);
  if (key.length > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError');
  const { query, canonicalQuery } = parseQuery(mark < 0 ? '' : url.slice(mark + 1));
  return {
    method: message.method ?? '',
    canonicalUri: uriEncode(path, true),
    canonicalQuery,
    bucket: byHost ? addressing.bucket : toText(cut(path, 1, slash < 0 ? undefined : slash)),
    key,
    query,
    headers,
    amz: collectAmz(headers, query),
  };
}
