import { UploadRefused, UploadRetry } from '../errors.js';
import type { S3ErrorText } from './transport.js';

/** S3 codes of a 4xx that another attempt may not meet. */
const TRANSIENT_CODES = new Set([
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
  'OperationAborted',
  'IncompleteBody',
  'NoSuchBucket',
  'InternalError',
  'ServiceUnavailable',
]);

/**
 * What an answer other than 2xx to an upload means. A 4xx without an S3 error in it comes from something between us and the store (a
 * proxy, a login page): evidence is never given up for that.
 */
export const uploadFailure = (
  key: string,
  status: number,
  error: S3ErrorText,
  retryAfterMs: number | undefined,
): UploadRefused | UploadRetry => {
  const said = error.code === '' ? `HTTP ${status}` : `HTTP ${status} ${error.code}: ${error.message}`;
  const refused = (kind: UploadRefused['kind'], todo: string): UploadRefused =>
    new UploadRefused(`the store refused the upload of ${key} (${said}); ${todo}`, kind, status, error.code);

  if (status === 413 || error.code === 'EntityTooLarge')
    return refused('too-large', 'the file is larger than the grant allows and is not sent again');
  if (status === 403) {
    if (error.code === 'QuotaExceeded') return refused('quota', 'what may be stored under this prefix is used up');
    if (error.code === 'RequestTimeTooSkewed' || /expired/i.test(error.message))
      return refused('expired', 'the grant has expired: read the job file again for a new one');
    return refused('forbidden', 'the grant does not allow it any more: read the job file again, then wait');
  }
  if (status >= 400 && status < 500 && error.code !== '' && !TRANSIENT_CODES.has(error.code) && status !== 429)
    return refused('final', 'the same upload can never succeed and is not sent again');
  return new UploadRetry(
    `the store could not take the upload of ${key} now (${said}); it is tried again`,
    status,
    retryAfterMs,
  );
};
