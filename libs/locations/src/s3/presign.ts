import { getCanonicalQuery, type SignatureV4 } from '@smithy/signature-v4';
import { LocationConfigError } from '../errors.js';
import { publicUrl } from '../url.js';
import type { BucketAddress } from './config.js';

const PAYLOAD = 'x-amz-content-sha256';

/** For how long a pre-signed URL is good. */
export interface PresignTime {
  /** Whole seconds, 1 to 604,800. */
  expiresInSeconds: number;
  /** From when on. */
  now: Date;
}

/** A URL by which anyone may do one thing to one object, with the rights of the signer's keys. Throws LocationConfigError. */
export async function presign(
  signer: SignatureV4,
  address: BucketAddress,
  method: 'GET' | 'PUT',
  key: string,
  { expiresInSeconds, now }: PresignTime,
): Promise<string> {
  const url = publicUrl(address.url, key);
  const signed = await signer.presign(
    {
      method,
      protocol: 'https:',
      hostname: address.host,
      path: url.slice(address.origin.length),
      query: {},
      headers: { host: address.host, [PAYLOAD]: 'UNSIGNED-PAYLOAD' },
    },
    // only told to the signer: neither in the URL nor a header that its user would have to send
    {
      expiresIn: expiresInSeconds,
      signingDate: now,
      unhoistableHeaders: new Set([PAYLOAD]),
      unsignableHeaders: new Set([PAYLOAD]),
    },
  );
  const signature = signed.query?.['X-Amz-Signature'];
  if (typeof signature !== 'string') throw new LocationConfigError(`the signer gave no signature for ${key}`);
  return `${url}?${getCanonicalQuery(signed)}&X-Amz-Signature=${signature}`;
}
