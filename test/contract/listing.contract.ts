import { ListObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { md5, refusal } from './client.js';
import type { ContractStore } from './contract-store.js';

/** ListObjectsV2 and ListObjects. */
export function listingContract(store: ContractStore): void {
  const { key, put, names, run } = store;

  describe('listing', () => {
    const PATHS = ['A', 'a', 'a!', 'a/1', 'a/2', 'a/b/3', 'a0', 'z/\uffff', 'z/😀', 'é'];
    const list = (more: object = {}) =>
      store.client.send(new ListObjectsV2Command({ Bucket: store.target.bucket, Prefix: key('l/'), ...more }));
    const strip = (paths: readonly string[]): string[] => paths.map((path) => path.slice(2));

    beforeAll(async () => {
      for (const path of PATHS) await put(`l/${path}`, path);
    });

    it('is in UTF-8 binary order [AWS API ListObjectsV2]', async () => {
      expect(strip(names((await list()).Contents))).toEqual(PATHS);
    });

    it('carries size, ETag, time [AWS API Object]', async () => {
      const [first] = (await list()).Contents ?? [];
      expect(first).toMatchObject({ Size: 1, ETag: md5('A'), StorageClass: 'STANDARD' });
      expect(Math.abs((first?.LastModified?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    it('rolls keys up at the delimiter [AWS API ListObjectsV2: CommonPrefixes]', async () => {
      const listed = await list({ Delimiter: '/' });
      expect(strip(names(listed.Contents))).toEqual(['A', 'a', 'a!', 'a0', 'é']);
      expect(listed.CommonPrefixes?.map((item) => item.Prefix)).toEqual([key('l/a/'), key('l/z/')]);
      expect(listed.KeyCount).toBe(7);
      const inner = await list({ Delimiter: '/', Prefix: key('l/a/') });
      expect(strip(names(inner.Contents))).toEqual(['a/1', 'a/2']);
      expect(inner.CommonPrefixes?.map((item) => item.Prefix)).toEqual([key('l/a/b/')]);
    });

    it.each([1, 2, 3, 7])(
      'in pages of %i gives everything once [AWS API ListObjectsV2: ContinuationToken]',
      async (size) => {
        for (const delimiter of [{}, { Delimiter: '/' }]) {
          const seen: string[] = [];
          let token: string | undefined;
          do {
            const page = await list({
              ...delimiter,
              MaxKeys: size,
              ...(token === undefined ? {} : { ContinuationToken: token }),
            });
            const prefixes = (page.CommonPrefixes ?? []).map((item) => (item.Prefix ?? '').slice(run.length + 1));
            expect((page.Contents?.length ?? 0) + prefixes.length).toBeLessThanOrEqual(size);
            expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
            seen.push(...names(page.Contents), ...prefixes);
            token = page.NextContinuationToken;
          } while (token !== undefined);
          const whole = 'Delimiter' in delimiter ? ['A', 'a', 'a!', 'a/', 'a0', 'z/', 'é'] : PATHS;
          expect(strip(seen).toSorted()).toEqual(whole.toSorted());
          expect(seen).toHaveLength(whole.length);
        }
      },
    );

    it('starts after a key, which need not exist [AWS API ListObjectsV2: StartAfter]', async () => {
      expect(strip(names((await list({ StartAfter: key('l/a/1x') })).Contents))).toEqual(PATHS.slice(4));
    });

    it('max-keys 0 is an empty page, not truncated [s3-tests listv2_maxkeys_zero]', async () => {
      const page = await list({ MaxKeys: 0 });
      expect([page.Contents ?? [], page.IsTruncated]).toEqual([[], false]);
    });

    it('encoding-type url encodes keys and prefixes; Ceph 16 the slashes too [AWS API ListObjectsV2: EncodingType, engines: Ceph]', async () => {
      await put('e/a +é', 'x');
      const page = await list({ Prefix: key('e/'), EncodingType: 'url' });
      const listed = page.Contents?.map((item) => item.Key);
      const slash = store.engine === 'ceph-16' ? '%2F' : '/';
      expect(listed).toEqual([`${run}${slash}e${slash}a%20%2B%C3%A9`]);
    });

    it('refuses a token that is none; Ceph 16 takes it for a key [AWS API ListObjectsV2: ContinuationToken, engines: Ceph]', async () => {
      const { status } = await refusal(list({ ContinuationToken: 'not a token' }));
      expect(status).toBe(store.engine === 'ceph-16' ? 200 : 400);
    });

    it('version 1 lists with a marker [AWS API ListObjects]', async () => {
      const page = await store.client.send(
        new ListObjectsCommand({ Bucket: store.target.bucket, Prefix: key('l/'), Marker: key('l/a0'), MaxKeys: 2 }),
      );
      expect(strip(names(page.Contents))).toEqual(['z/\uffff', 'z/😀']);
      expect(page.IsTruncated).toBe(true);
    });
  });
}
