import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { ContractStore } from './contract-store.js';

/** What anyone may do without keys. */
export function anonymousContract(store: ContractStore): void {
  const { key, urlOf, put, get, run } = store;

  describe('anonymous', () => {
    it.each([
      ['GET', 'secret', 403],
      ['HEAD', 'secret', 403],
      ['PUT', 'secret', 403],
      ['DELETE', 'secret', 403],
    ])(
      '%s of an object outside public/: 403 [AWS guide: all buckets and objects are private by default]',
      async (method, path, status) => {
        await put(path, 'secret');
        const answer = await fetch(urlOf(key(path)), { method, ...(method === 'PUT' ? { body: 'x' } : {}) });
        expect(answer.status).toBe(status);
        expect(await get(path)).toBe('secret');
      },
    );

    it('reads public/, and can neither change it nor list it [AWS guide: granting read-only permission to an anonymous user]', async () => {
      const publicKey = `public/${run}/manifest`;
      await store.client.send(new PutObjectCommand({ Bucket: store.target.bucket, Key: publicKey, Body: 'signed' }));
      const read = await fetch(urlOf(publicKey));
      expect([read.status, await read.text()]).toEqual([200, 'signed']);
      const again = await fetch(urlOf(publicKey), { headers: { 'If-None-Match': read.headers.get('etag') ?? '' } });
      expect(again.status).toBe(304);
      expect((await fetch(urlOf(publicKey), { method: 'HEAD' })).status).toBe(200);
      for (const method of ['PUT', 'DELETE', 'POST']) {
        expect(
          (await fetch(urlOf(publicKey), { method, ...(method === 'DELETE' ? {} : { body: 'x' }) })).status,
        ).toBeGreaterThanOrEqual(400);
      }
      for (const query of [
        '',
        '?list-type=2&prefix=public/',
        '?acl',
        '?policy',
        '?location',
        '?uploads',
        '?versions',
      ]) {
        expect((await fetch(`${store.target.endpoint}/${store.target.bucket}${query}`)).status).toBe(403);
      }
      expect((await fetch(urlOf(`public/${run}/none`))).status).toSatisfy((status) => status === 403 || status === 404);
      expect(await (await fetch(urlOf(publicKey))).text()).toBe('signed');
    });
  });
}
