import { describe, expect, it } from 'vitest';
import { LocationConfigError } from '../errors.js';
import { bucketAddress } from './config.js';
import { presignGet } from './presign-get.js';
import { createSigner } from './signer.js';

/** The example of AWS's own page on authenticating requests by query parameters. */
const config = {
  endpoint: 'https://s3.amazonaws.com',
  region: 'us-east-1',
  bucket: 'examplebucket',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  forcePathStyle: false,
};
const now = new Date('2013-05-24T00:00:00Z');
const presign = (key: string, seconds: number): ReturnType<typeof presignGet> =>
  presignGet(createSigner(config), bucketAddress(config), key, seconds, now);

describe('presignGet', () => {
  it("makes the URL of AWS's documentation", async () => {
    expect(await presign('test.txt', 86_400)).toEqual({
      __type__: 'S3SignedUrl',
      method: 'GET',
      expires_at: '2013-05-25T00:00:00.000Z',
      url:
        'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
        '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z' +
        '&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
        '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    });
  });

  it.each([0, -1, 1.5, 604_801, Number.NaN])('refuses %d seconds', async (seconds) => {
    await expect(presign('test.txt', seconds)).rejects.toThrow(LocationConfigError);
  });

  it('refuses a key that a URL parser would change', async () => {
    await expect(presign('a/../b', 60)).rejects.toThrow(LocationConfigError);
  });
});
