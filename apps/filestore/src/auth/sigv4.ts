import { createHmac, hash, timingSafeEqual, type KeyObject } from 'node:crypto';
import { S3Error } from '../s3-error.js';
import type { S3Request } from '../http/s3-request.js';

/** The one algorithm. */
export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Clocks may differ by this much, milliseconds. */
export const SKEW = 15 * 60_000;

/** `ACCESS/yyyymmdd/region/s3/aws4_request`, taken apart. */
export interface Credential {
  readonly accessKey: string;
  readonly day: string;
  readonly scope: string;
}

/**
 * Takes a credential apart; undefined when it is not one for this region and for S3.
 */
export function parseCredential(text: string, region: string): Credential | undefined {
  const parts = text.split('/');
  const [terminator, service, place, day] = parts.slice(-4).reverse();
  const accessKey = parts.slice(0, -4).join('/');
  if (accessKey === '' || day === undefined || !/^\d{8}$/.test(day)) return undefined;
  if (place !== region || service !== 's3' || terminator !== 'aws4_request') return undefined;
  return { accessKey, day, scope: `${day}/${region}/s3/aws4_request` };
}

/** `yyyymmddThhmmssZ` to unix milliseconds; undefined when it is no such time. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const iso = `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}`;
  const time = Date.parse(`${iso}.000Z`);
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== iso) return undefined;
  return time;
}

/** Hex SHA-256. */
export function sha256Hex(data: string | Buffer): string {
  return hash('sha256', typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
}

/** Hex HMAC-SHA-256 of a latin1 string. */
export function sign(key: KeyObject | Buffer, text: string): string {
  return createHmac('sha256', key).update(Buffer.from(text, 'latin1')).digest('hex');
}

/** Compares in constant time what was given (of any length) with what it should be. */
export function sameSecret(given: string, expected: string): boolean {
  const a = hash('sha256', Buffer.from(given, 'latin1'), 'buffer');
  const b = hash('sha256', Buffer.from(expected, 'latin1'), 'buffer');
  return timingSafeEqual(a, b);
}

/**
 * The names of the signed headers, checked: sorted lower case names, all present, `host` among them, and so is every
 * `x-amz-*` header that the request carries.
 * @throws S3Error AccessDenied
 */
export function checkSignedHeaders(list: string, request: S3Request): readonly string[] {
  const names = list.split(';');
  const signed = new Set(names);
  if (!signed.has('host')) throw new S3Error('AccessDenied', 'The header host must be signed.');
  for (const name of names) {
    if (!request.headers.has(name)) throw new S3Error('AccessDenied', 'A signed header is missing from the request.');
  }
  for (const name of request.headers.keys()) {
    if (name.startsWith('x-amz-') && !signed.has(name)) {
      throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed.', {
        elements: { HeadersNotSigned: name },
      });
    }
  }
  return names;
}

/** SigV4's canonical request. */
export function canonicalRequest(request: S3Request, signedHeaders: readonly string[], payload: string): string {
  const query = request.canonicalQuery
    .filter(([name]) => name !== 'X-Amz-Signature')
    .toSorted(([a, x], [b, y]) => (a < b || (a === b && x < y) ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = signedHeaders
    .map((name) => `${name}:${(request.headers.get(name) ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('');
  return [request.method, request.canonicalUri, query, headers, signedHeaders.join(';'), payload].join('\n');
}

/** SigV4's string to sign. */
export function stringToSign(date: string, scope: string, canonical: string): string {
  return [ALGORITHM, date, scope, sha256Hex(canonical)].join('\n');
}
