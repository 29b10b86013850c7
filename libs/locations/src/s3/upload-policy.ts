import { S3SignedPolicy } from '#wire';
import { LocationConfigError } from '../errors.js';
import { bucketAddress, type S3Config } from './config.js';
import { createSigner } from './signer.js';

/** What an upload right allows: any key under `prefix`, a size range, until a time. */
export interface UploadPolicy {
  /** Ends in `/`, so that it cannot match a longer name. */
  prefix: string;
  /** How keys go on after the prefix; told to the agent, not enforced by the store. */
  template: string;
  minBytes: number;
  maxBytes: number;
  expiresAt: Date;
  now: Date;
}

/** How long SigV4 keys of one day are good for, on AWS: 7 days. */
const MAX_LIFETIME_MS = 7 * 86_400_000;

const checked = (policy: UploadPolicy): void => {
  const { prefix, minBytes, maxBytes, expiresAt, now } = policy;
  const wrong = (what: string): LocationConfigError =>
    new LocationConfigError(`no upload right for ${JSON.stringify(prefix)} was signed: ${what}`);
  if (!/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.!-]+)*\/$/.test(prefix) || /(^|\/)\.{1,2}\//.test(prefix))
    throw wrong('a prefix is one or more parts of a key, each followed by "/"');
  if (
    !Number.isSafeInteger(minBytes) ||
    !Number.isSafeInteger(maxBytes) ||
    minBytes < 0 ||
    maxBytes < Math.max(1, minBytes)
  )
    throw wrong(`the size range ${minBytes} to ${maxBytes} is none`);
  const lifetime = expiresAt.getTime() - now.getTime();
  if (!(lifetime > 0 && lifetime <= MAX_LIFETIME_MS))
    throw wrong(`it would be good for ${lifetime / 1000} s; more than 0 and at most 7 days are possible`);
};

/**
 * Signs a POST policy, with the upload-only key and never the service's. The form may hold `key`, the policy's own fields, `Content-Type`
 * and the file: whatever else is put into it, the store refuses. Throws LocationConfigError.
 */
export async function signUploadPolicy(config: S3Config, policy: UploadPolicy): Promise<S3SignedPolicy> {
  checked(policy);
  const address = bucketAddress(config);
  const longDate = policy.now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const signed = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${config.accessKeyId}/${longDate.slice(0, 8)}/${config.region}/s3/aws4_request`,
    'x-amz-date': longDate,
  };
  const document = {
    expiration: policy.expiresAt.toISOString(),
    conditions: [
      { bucket: config.bucket },
      ['starts-with', '$key', policy.prefix],
      ['starts-with', '$Content-Type', ''],
      ['content-length-range', policy.minBytes, policy.maxBytes],
      ...Object.entries(signed).map(([name, value]) => ({ [name]: value })),
    ],
  };
  const encoded = Buffer.from(JSON.stringify(document), 'utf8').toString('base64');
  const signature = await createSigner(config).sign(encoded, { signingDate: policy.now });
  return S3SignedPolicy.parse({
    __type__: 'S3SignedPolicy',
    url: address.url,
    path_prefix: policy.prefix,
    path_template: policy.template,
    fields: { ...signed, policy: encoded, 'x-amz-signature': signature },
    min_bytes: policy.minBytes,
    max_bytes: policy.maxBytes,
    expires_at: policy.expiresAt.toISOString(),
  } satisfies S3SignedPolicy);
}
