import { bucketAddress, type S3Config } from './config.js';
import { presign, type PresignTime } from './presign.js';
import { createSigner } from './signer.js';

/**
 * A URL by which anyone may PUT one object with the rights of these keys. For trying out what a store lets its holder
 * add; grants to agents are POST policies. Throws LocationConfigError.
 */
export function presignPut(config: S3Config, key: string, time: PresignTime): Promise<string> {
  return presign(createSigner(config), bucketAddress(config), 'PUT', key, time);
}
