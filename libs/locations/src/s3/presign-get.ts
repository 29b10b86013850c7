import type { SignatureV4 } from '@smithy/signature-v4';
import { S3SignedUrl } from '#wire';
import { LocationConfigError } from '../errors.js';
import type { BucketAddress } from './config.js';
import { presign } from './presign.js';

const MAX_SECONDS = 7 * 86_400;

/** A URL by which anyone may GET one object for `expiresInSeconds` (1 to 604,800, whole). Throws LocationConfigError. */
export const presignGet = async (
  signer: SignatureV4,
  address: BucketAddress,
  key: string,
  expiresInSeconds: number,
  now: Date,
): Promise<S3SignedUrl> => {
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > MAX_SECONDS)
    throw new LocationConfigError(
      `a URL for ${key} cannot be good for ${expiresInSeconds} s: a whole number from 1 to ${MAX_SECONDS} is possible`,
    );
  return S3SignedUrl.parse({
    __type__: 'S3SignedUrl',
    url: await presign(signer, address, 'GET', key, { expiresInSeconds, now }),
    method: 'GET',
    // the signature's own clock has whole seconds
    expires_at: new Date((Math.floor(now.getTime() / 1000) + expiresInSeconds) * 1000).toISOString(),
  } satisfies S3SignedUrl);
};
