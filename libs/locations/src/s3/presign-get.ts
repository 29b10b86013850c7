import { getCanonicalQuery, type SignatureV4 } from '@smithy/signature-v4';
import { S3SignedUrl } from '#wire';
import { LocationConfigError } from '../errors.js';
import { publicUrl } from '../url.js';
import type { BucketAddress } from './config.js';

const PAYLOAD = 'x-amz-content-sha256';
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
  const url = publicUrl(address.url, key);
  const signed = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname: address.host,
      path: url.slice(address.origin.length),
      query: {},
      headers: { host: address.host, [PAYLOAD]: 'UNSIGNED-PAYLOAD' },
    },
    // only told to the signer: neither in the URL nor a header that the reader would have to send
    {
      expiresIn: expiresInSeconds,
      signingDate: now,
      unhoistableHeaders: new Set([PAYLOAD]),
      unsignableHeaders: new Set([PAYLOAD]),
    },
  );
  const signature = signed.query?.['X-Amz-Signature'];
  if (typeof signature !== 'string') throw new LocationConfigError(`the signer gave no signature for ${key}`);
  return S3SignedUrl.parse({
    __type__: 'S3SignedUrl',
    url: `${url}?${getCanonicalQuery(signed)}&X-Amz-Signature=${signature}`,
    method: 'GET',
    // the signature's own clock has whole seconds
    expires_at: new Date((Math.floor(now.getTime() / 1000) + expiresInSeconds) * 1000).toISOString(),
  } satisfies S3SignedUrl);
};
