import { randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { describe, expect, it } from 'vitest';
import { errorCode, md5, refusal } from './client.js';
import type { ContractStore } from './contract-store.js';

/** Objects, their keys, and what is checked of a body. */
export function objectsContract(store: ContractStore): void {
  const { key, put, get, names } = store;

  describe('objects', () => {
    it('PUT then GET gives back content, type and metadata; the ETag is the MD5 [AWS API PutObject, Object]', async () => {
      const written = await put('o/1', 'hello', {
        ContentType: 'application/gzip',
        ContentEncoding: 'gzip',
        CacheControl: 'no-cache',
        Metadata: { one: '1', two: 'b c' },
      });
      expect(written.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
      const read = await store.client.send(new GetObjectCommand({ Bucket: store.target.bucket, Key: key('o/1') }));
      expect(await read.Body?.transformToString()).toBe('hello');
      expect(read).toMatchObject({
        ETag: '"5d41402abc4b2a76b9719d911017c592"',
        ContentType: 'application/gzip',
        ContentEncoding: 'gzip',
        CacheControl: 'no-cache',
        ContentLength: 5,
        Metadata: { one: '1', two: 'b c' },
      });
      expect(Math.abs((read.LastModified?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    it('HEAD says the same without a body [AWS API HeadObject]', async () => {
      await put('o/head', 'hello');
      const head = await store.client.send(new HeadObjectCommand({ Bucket: store.target.bucket, Key: key('o/head') }));
      expect(head).toMatchObject({ ContentLength: 5, ETag: '"5d41402abc4b2a76b9719d911017c592"' });
      const missing = store.client.send(new HeadObjectCommand({ Bucket: store.target.bucket, Key: key('o/none') }));
      expect((await refusal(missing)).status).toBe(404);
    });

    it('a successful PUT is seen by every later GET and LIST [AWS guide: strong read-after-write consistency]', async () => {
      for (let round = 0; round < 20; round++) {
        await put('o/again', String(round));
        expect(await get('o/again')).toBe(String(round));
      }
      const listed = await store.client.send(
        new ListObjectsV2Command({ Bucket: store.target.bucket, Prefix: key('o/again') }),
      );
      expect(listed.Contents?.[0]?.ETag).toBe(md5('19'));
    });

    it('an object of no bytes, and one of 3 MiB [AWS API PutObject]', async () => {
      const big = randomBytes(3 * 2 ** 20);
      await put('o/empty', '');
      await put('o/big', big);
      expect(await get('o/empty')).toBe('');
      const read = await store.client.send(new GetObjectCommand({ Bucket: store.target.bucket, Key: key('o/big') }));
      expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(big)).toBe(true);
    });

    it('GET of a missing key: 404 NoSuchKey for who may list [AWS API GetObject]', async () => {
      expect(await refusal(get('o/none'))).toEqual({ status: 404, code: 'NoSuchKey' });
    });

    it('DELETE of an object, and again of nothing: 204 [AWS API DeleteObject]', async () => {
      await put('o/gone', 'x');
      for (let round = 0; round < 2; round++) {
        const gone = await store.client.send(
          new DeleteObjectCommand({ Bucket: store.target.bucket, Key: key('o/gone') }),
        );
        expect(gone.$metadata.httpStatusCode).toBe(204);
      }
      expect((await refusal(get('o/gone'))).code).toBe('NoSuchKey');
    });

    it('DeleteObjects names what it deleted, existing or not; quiet names nothing [AWS API DeleteObjects]', async () => {
      await put('d/1', 'x');
      await put('d/2', 'x');
      const gone = await store.client.send(
        new DeleteObjectsCommand({
          Bucket: store.target.bucket,
          Delete: { Objects: [{ Key: key('d/1') }, { Key: key('d/none & <b>') }] },
        }),
      );
      expect(names(gone.Deleted).toSorted()).toEqual(['d/1', 'd/none & <b>']);
      const quiet = await store.client.send(
        new DeleteObjectsCommand({
          Bucket: store.target.bucket,
          Delete: { Objects: [{ Key: key('d/2') }], Quiet: true },
        }),
      );
      expect(quiet.Deleted ?? []).toEqual([]);
      expect((await refusal(get('d/2'))).code).toBe('NoSuchKey');
    });

    it('DeleteObjects takes 1,000 keys and not 1,001 [AWS API DeleteObjects]', async () => {
      const objects = (count: number) =>
        Array.from({ length: count }, (_unused, index) => ({ Key: key(`d/n${String(index)}`) }));
      const send = (count: number) =>
        store.client.send(
          new DeleteObjectsCommand({ Bucket: store.target.bucket, Delete: { Objects: objects(count), Quiet: true } }),
        );
      expect((await refusal(send(1_000))).status).toBe(200);
      // Ceph's 400 has no body, so the SDK has no code for it.
      const code = store.engine === 'ceph-16' ? 'Unknown' : 'MalformedXML';
      expect(await refusal(send(1_001))).toEqual({ status: 400, code });
    });

    it('HeadBucket, GetBucketLocation; another bucket is NoSuchBucket [AWS API]', async () => {
      expect(
        (await store.client.send(new HeadBucketCommand({ Bucket: store.target.bucket }))).$metadata.httpStatusCode,
      ).toBe(200);
      expect(
        (await refusal(store.client.send(new GetBucketLocationCommand({ Bucket: store.target.bucket })))).status,
      ).toBe(200);
      const other = store.client.send(new GetObjectCommand({ Bucket: `${store.target.bucket}-other`, Key: 'x' }));
      expect(await refusal(other)).toEqual({ status: 404, code: 'NoSuchBucket' });
    });
  });

  describe('keys', () => {
    it.each([
      'a',
      'a/b',
      'dir/',
      '../../up',
      './x',
      'a//b',
      ' sp ace ',
      'plus+and&=?#%25',
      'ünï/日本/😀',
      'Case',
      'case',
      'quote\'"<>',
      'back\\slash',
      '~tilde-_.',
      'trailing.',
    ])('%j is a key of its own [AWS guide: object keys are sequences of Unicode characters]', async (path) => {
      await put(`k/${path}`, path);
      expect(await get(`k/${path}`)).toBe(path);
      const listed = await store.client.send(
        new ListObjectsV2Command({ Bucket: store.target.bucket, Prefix: key(`k/${path}`) }),
      );
      expect(names(listed.Contents)).toContain(`k/${path}`);
    });

    it('1,024 bytes are a key, 1,025 are not [AWS guide: at most 1,024 bytes long in UTF-8]', async () => {
      const longest = key('k/') + 'é'.repeat(2).padEnd(1_022 - key('k/').length, 'x');
      expect(Buffer.byteLength(longest)).toBe(1_024);
      const send = (name: string) =>
        store.client.send(new PutObjectCommand({ Bucket: store.target.bucket, Key: name, Body: 'x' }));
      expect((await refusal(send(longest))).status).toBe(200);
      expect((await refusal(send(`${longest}x`))).status).toBe(400);
      const listed = await store.client.send(
        new ListObjectsV2Command({ Bucket: store.target.bucket, Prefix: longest }),
      );
      expect(listed.Contents?.map((item) => item.Key)).toEqual([longest]);
    });
  });

  describe('body checks', () => {
    const send = async (headers: Record<string, string>) => {
      const signed = new PutObjectCommand({
        Bucket: store.target.bucket,
        Key: key('b'),
        ContentMD5: headers['Content-MD5'],
      });
      const url = await getSignedUrl(store.client, signed, {
        expiresIn: 60,
        unhoistableHeaders: new Set(['content-md5']),
      });
      return fetch(url, { method: 'PUT', body: 'hello', headers });
    };

    it('Content-MD5: kept to, BadDigest, InvalidDigest [AWS API PutObject, error codes]', async () => {
      expect((await send({ 'Content-MD5': 'XUFAKrxLKna5cZ2REBfFkg==' })).status).toBe(200);
      const other = await send({ 'Content-MD5': '1B2M2Y8AsgTpgAmY7PhCfg==' });
      expect([other.status, await errorCode(other)]).toEqual([400, 'BadDigest']);
      const none = await send({ 'Content-MD5': 'no' });
      expect([none.status, await errorCode(none)]).toEqual([400, 'InvalidDigest']);
    });
  });
}
