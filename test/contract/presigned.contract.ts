import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { describe, expect, it } from 'vitest';
import { errorCode } from './client.js';
import type { ContractStore } from './contract-store.js';

/** Pre-signed URLs. */
export function presignedContract(store: ContractStore): void {
  const { key, put, get } = store;

  describe('pre-signed URLs', () => {
    const command = (path: string) => new GetObjectCommand({ Bucket: store.target.bucket, Key: key(path) });
    const presign = (path: string, options: object = {}) =>
      getSignedUrl(store.client, command(path), { expiresIn: 60, ...options });

    it('GET works until it expires [AWS guide: sharing objects with presigned URLs]', async () => {
      await put('p/1', 'hello');
      expect(await (await fetch(await presign('p/1'))).text()).toBe('hello');
      const expired = await fetch(await presign('p/1', { signingDate: new Date(Date.now() - 61_000) }));
      expect([expired.status, await errorCode(expired)]).toEqual([403, 'AccessDenied']);
    });

    it.each([
      ['another method', (url: string) => fetch(url, { method: 'DELETE' })],
      ['HEAD by a URL for GET', (url: string) => fetch(url, { method: 'HEAD' })],
      ['another key', (url: string) => fetch(url.replace('/p/1', '/p/2'))],
      ['a longer life', (url: string) => fetch(url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))],
      [
        'a later date',
        (url: string) =>
          fetch(url.replace(/X-Amz-Date=\d{8}T\d{5}/, (date) => date.slice(0, -1) + (date.endsWith('9') ? '8' : '9'))),
      ],
      [
        'a changed signature',
        (url: string) =>
          fetch(url.replace(/X-Amz-Signature=(.)/, (_all, digit) => `X-Amz-Signature=${digit === '0' ? '1' : '0'}`)),
      ],
      ['an added query parameter', (url: string) => fetch(`${url}&response-content-type=text/html`)],
      ['an unknown access key', (url: string) => fetch(url.replace(/X-Amz-Credential=/, 'X-Amz-Credential=x'))],
    ])('tampered: %s: 403 [AWS API error codes: SignatureDoesNotMatch]', async (_what, send) => {
      await put('p/1', 'hello');
      await put('p/2', 'other');
      expect((await send(await presign('p/1'))).status).toBe(403);
      expect(await get('p/1')).toBe('hello');
    });

    it.each(['0', '604801', 'x'])('X-Amz-Expires=%s is refused [AWS: 1 to 604800 seconds]', async (expires) => {
      await put('p/1', 'hello');
      const answer = await fetch((await presign('p/1')).replace('X-Amz-Expires=60', `X-Amz-Expires=${expires}`));
      expect([400, 403]).toContain(answer.status);
    });

    it('PUT works, for this key only [AWS guide: uploading objects with presigned URLs]', async () => {
      const url = await getSignedUrl(
        store.client,
        new PutObjectCommand({ Bucket: store.target.bucket, Key: key('p/up') }),
        {
          expiresIn: 60,
        },
      );
      expect(url).not.toContain('checksum');
      expect((await fetch(url, { method: 'PUT', body: 'content' })).status).toBe(200);
      expect(await get('p/up')).toBe('content');
      expect((await fetch(url.replace('/p/up', '/p/other'), { method: 'PUT', body: 'content' })).status).toBe(403);
    });

    it('response-* overrides are honoured when signed [AWS API GetObject]', async () => {
      await put('p/1', 'hello');
      const url = await getSignedUrl(
        store.client,
        new GetObjectCommand({
          Bucket: store.target.bucket,
          Key: key('p/1'),
          ResponseContentDisposition: 'attachment; filename="a b.txt"',
        }),
      );
      expect((await fetch(url)).headers.get('content-disposition')).toBe('attachment; filename="a b.txt"');
    });
  });
}
