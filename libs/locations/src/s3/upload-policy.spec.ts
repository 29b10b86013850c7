import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { LocationConfigError } from '../errors.js';
import { signUploadPolicy, type UploadPolicy } from './upload-policy.js';

const config = {
  endpoint: 'http://127.0.0.1:9000',
  region: 'us-east-1',
  bucket: 'evidence',
  accessKeyId: 'UPLOADKEY',
  secretAccessKey: 'upload/secret+key',
};
const policy: UploadPolicy = {
  prefix: 'C.0123456789abcdef/vfs/',
  template: '{kind}/{path}/{nonce}',
  minBytes: 1,
  maxBytes: 1_000_000,
  expiresAt: new Date('2026-03-08T10:11:12.345Z'),
  now: new Date('2026-03-01T23:59:59.999Z'),
};

/** SigV4's signing key, written out from AWS's description. */
const signature = (secret: string, day: string, region: string, text: string): string => {
  const hmac = (key: Buffer | string, data: string): Buffer => createHmac('sha256', key).update(data).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
  return createHmac('sha256', key).update(text).digest('hex');
};

describe('signUploadPolicy', () => {
  it('binds bucket, prefix, size and every field of the form, and nothing else', async () => {
    const signed = await signUploadPolicy(config, policy);
    const encoded = signed.fields['policy']!;
    expect(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))).toEqual({
      expiration: '2026-03-08T10:11:12.345Z',
      conditions: [
        { bucket: 'evidence' },
        ['starts-with', '$key', 'C.0123456789abcdef/vfs/'],
        ['starts-with', '$Content-Type', ''],
        ['content-length-range', 1, 1_000_000],
        { 'x-amz-algorithm': 'AWS4-HMAC-SHA256' },
        { 'x-amz-credential': 'UPLOADKEY/20260301/us-east-1/s3/aws4_request' },
        { 'x-amz-date': '20260301T235959Z' },
      ],
    });
    expect(signed).toEqual({
      __type__: 'S3SignedPolicy',
      url: 'http://127.0.0.1:9000/evidence',
      path_prefix: 'C.0123456789abcdef/vfs/',
      path_template: '{kind}/{path}/{nonce}',
      min_bytes: 1,
      max_bytes: 1_000_000,
      expires_at: '2026-03-08T10:11:12.345Z',
      fields: {
        policy: encoded,
        'x-amz-algorithm': 'AWS4-HMAC-SHA256',
        'x-amz-credential': 'UPLOADKEY/20260301/us-east-1/s3/aws4_request',
        'x-amz-date': '20260301T235959Z',
        'x-amz-signature': signature('upload/secret+key', '20260301', 'us-east-1', encoded),
      },
    });
  });

  it.each<[string, Partial<UploadPolicy>]>([
    ['an empty prefix', { prefix: '' }],
    ['a prefix that would match a longer name', { prefix: 'C.0123' }],
    ['a prefix that is everything', { prefix: '/' }],
    ['a prefix with dots', { prefix: 'a/../b/' }],
    ['a prefix with a variable', { prefix: '${filename}/' }],
    ['a size range upside down', { minBytes: 2, maxBytes: 1 }],
    ['a size range of nothing', { minBytes: 0, maxBytes: 0 }],
    ['a fraction of a byte', { maxBytes: 1.5 }],
    ['an end before the beginning', { expiresAt: policy.now }],
    ['more than 7 days', { expiresAt: new Date(policy.now.getTime() + 7 * 86_400_000 + 1) }],
    ['no time', { expiresAt: new Date(Number.NaN) }],
  ])('signs no policy with %s', async (_, change) => {
    await expect(signUploadPolicy(config, { ...policy, ...change })).rejects.toThrow(LocationConfigError);
  });
});
