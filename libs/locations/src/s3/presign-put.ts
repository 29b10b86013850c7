import { getCanonicalQuery } from '@smithy/signature-v4';
import { LocationConfigError } from '../errors.js';
import { publicUrl } from '../url.js';
import { bucketAddress, type S3Config } from './config.js';
import { createSigner } from './signer.js';

const PAYLOAD = 'x-amz-content-sha256';

/**
 * A URL by which anyone may PUT one object with the rights of these keys, for `expiresInSeconds` from `now`. For trying out
 * what a store lets its holder add; grants to agents are POST policies. Throws LocationConfigError.
 */
export async function presignPut(
  config: S3Config,
  key: string,
  { expiresInSeconds, now }: { expiresInSeconds: number; now: Date },
): Promise<string> {
  const address = bucketAddress(config);
  const url = publicUrl(address.url, key);
  const signed = await createSigner(config).presign(
    {
      method: 'PUT',
      protocol: 'https:',
      hostname: address.host,
      path: url.slice(address.origin.length),
      query: {},
      headers: { host: address.host, [PAYLOAD]: 'UNSIGNED-PAYLOAD' },
    },
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
