import { parseRetryAfter } from '../backoff.js';
import { BucketMissing, PreconditionFailed, StoreFailed, StoreRefused, type LocationError } from '../errors.js';
import { dateOf, headerOf, type AnswerHeaders, type S3ErrorText } from '../http/transport.js';
import type { ObjectInfo } from '../object-store.js';

/** What to do about a refusal, by S3's code. */
const ADVICE: Record<string, string> = {
  InvalidAccessKeyId: 'the store does not know this access key: check the access key setting',
  SignatureDoesNotMatch: 'the secret key does not belong to this access key: check the secret key setting',
  RequestTimeTooSkewed: 'our clock and the store’s differ too much: set the clock',
  AuthorizationHeaderMalformed: 'the region setting is not the bucket’s',
  PermanentRedirect: 'the bucket is at another endpoint: check the endpoint and region settings',
};

/** Turns an answer other than what was asked for into the error that says it. `where` names what was asked of which object. */
export const storeError = (
  where: string,
  status: number,
  headers: AnswerHeaders,
  error: S3ErrorText,
): LocationError => {
  const said = error.code === '' ? `HTTP ${status}` : `HTTP ${status} ${error.code}: ${error.message}`;
  if (status === 412)
    return new PreconditionFailed(`${where}: somebody else wrote it meanwhile (${said}); read it again`);
  if (status === 409 && error.code === 'ConditionalRequestConflict')
    return new PreconditionFailed(`${where}: somebody else is writing it (${said}); read it again`);
  if (status === 404 && error.code === 'NoSuchBucket')
    return new BucketMissing(`${where}: the bucket does not exist (${said}); make it, or check the bucket setting`);
  const advice = ADVICE[error.code];
  if (status === 401 || status === 403 || advice !== undefined)
    return new StoreRefused(
      `${where}: refused (${said}); ${advice ?? 'these keys may not do this on this bucket: check its policy'}`,
      status,
      error.code,
    );
  const retryAfterMs = parseRetryAfter(headerOf(headers, 'retry-after'), dateOf(headers));
  return new StoreFailed(
    `${where}: ${said}; ${status >= 500 || status === 429 ? 'the store is in trouble or overloaded: see its log' : 'not an answer that S3 gives here'}`,
    status,
    error.code,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
};

const missingHeader = (where: string, name: string): StoreFailed =>
  new StoreFailed(`${where}: the answer has no usable ${name}; is this endpoint an S3 store?`, 200, `no-${name}`);

/** The ETag, which every store must give. */
export const etagOf = (where: string, headers: AnswerHeaders): string => {
  const etag = headerOf(headers, 'etag');
  if (etag === undefined || !/^[\x21-\x7e]{1,500}$/.test(etag)) throw missingHeader(where, 'ETag');
  return etag;
};

/** The store's clock. */
export const serverDateOf = (where: string, headers: AnswerHeaders): Date => {
  const date = dateOf(headers);
  if (date === undefined) throw missingHeader(where, 'Date');
  return date;
};

/** What the headers of a GET or HEAD say of the object. */
export const infoOf = (where: string, key: string, headers: AnswerHeaders): ObjectInfo => {
  const range = headerOf(headers, 'content-range');
  const size = range === undefined ? headerOf(headers, 'content-length') : /^bytes \d+-\d+\/(\d+)$/.exec(range)?.[1];
  if (size === undefined || !/^\d{1,15}$/.test(size)) throw missingHeader(where, 'Content-Length');
  const lastModified = dateOf(headers, 'last-modified');
  if (lastModified === undefined) throw missingHeader(where, 'Last-Modified');
  return { key, size: Number(size), etag: etagOf(where, headers), lastModified };
};
