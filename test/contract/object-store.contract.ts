import { createHash, randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { createPresignedPost, type PresignedPost, type PresignedPostOptions } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A key pair as the AWS SDK takes it. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A store to hold to the contract. The bucket exists and anyone may read `public/`. */
export interface StoreTarget {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly service: Credentials;
  close(): Promise<void>;
}

/** A client with the settings that every engine takes (engines.md: checksums WHEN_REQUIRED, path style). */
export function s3Client(target: Pick<StoreTarget, 'endpoint' | 'region'>, credentials: Credentials): S3Client {
  return new S3Client({
    endpoint: target.endpoint,
    region: target.region,
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/**
 * The SDK's own POST policies. That package brings a copy of the client's classes with it, which differ from ours by
 * name only.
 */
export function presignPost(client: S3Client, options: PresignedPostOptions): Promise<PresignedPost> {
  const same: unknown = client;
  return createPresignedPost(same as Parameters<typeof createPresignedPost>[0], options);
}

/** Status and error code of what an SDK call was refused with. */
export async function refusal(call: Promise<unknown>): Promise<{ status: number | undefined; code: string }> {
  try {
    await call;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return { status: $metadata?.httpStatusCode, code: name };
  }
  return { status: 200, code: 'none' };
}

/** The `<Code>` of an XML error answer. */
export async function errorCode(response: Response): Promise<string> {
  return /<Code>([^<]*)<\/Code>/.exec(await response.text())?.[1] ?? '';
}

/** Sends a form as a browser would: the fields in their order, the file last. */
export async function postForm(
  url: string,
  fields: Readonly<Record<string, string>>,
  content: string | Buffer,
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(Buffer.from(content))]), 'file name.bin');
  return fetch(url, { method: 'POST', body: form, redirect: 'manual' });
}

/**
 * What the project needs of a store, engine by engine the same. Each title ends with where the sentence comes from:
 * [AWS API ...], [AWS guide ...], [RFC ...], [engines.md].
 */
export function objectStoreContract(name: string, open: () => Promise<StoreTarget>): void {
  describe(`object store contract: ${name}`, () => {
    let target: StoreTarget;
    let client: S3Client;
    const run = `contract-${randomBytes(6).toString('hex')}`;

    beforeAll(async () => {
      target = await open();
      client = s3Client(target, target.service);
    });
    afterAll(async () => {
      client.destroy();
      await target.close();
    });

    const key = (path: string): string => `${run}/${path}`;
    const urlOf = (path: string): string => `${target.endpoint}/${target.bucket}/${path}`;
    const put = (path: string, body: string | Buffer, more: Partial<PutObjectCommandInput> = {}) =>
      client.send(new PutObjectCommand({ Bucket: target.bucket, Key: key(path), Body: body, ...more }));
    const get = async (path: string): Promise<string> => {
      const answer = await client.send(new GetObjectCommand({ Bucket: target.bucket, Key: key(path) }));
      return (await answer.Body?.transformToString()) ?? '';
    };
    const names = (items: readonly { Key?: string | undefined }[] | undefined): string[] =>
      (items ?? []).map((item) => (item.Key ?? '').slice(run.length + 1));
    const md5 = (text: string): string => `"${createHash('md5').update(text).digest('hex')}"`;

    describe('objects', () => {
      it('PUT then GET gives back content, type and metadata; the ETag is the MD5 [AWS API PutObject, Object]', async () => {
        const written = await put('o/1', 'hello', {
          ContentType: 'application/gzip',
          ContentEncoding: 'gzip',
          CacheControl: 'no-cache',
          Metadata: { one: '1', two: 'b c' },
        });
        expect(written.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
        const read = await client.send(new GetObjectCommand({ Bucket: target.bucket, Key: key('o/1') }));
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
        const head = await client.send(new HeadObjectCommand({ Bucket: target.bucket, Key: key('o/head') }));
        expect(head).toMatchObject({ ContentLength: 5, ETag: '"5d41402abc4b2a76b9719d911017c592"' });
        const missing = client.send(new HeadObjectCommand({ Bucket: target.bucket, Key: key('o/none') }));
        expect((await refusal(missing)).status).toBe(404);
      });

      it('a successful PUT is seen by every later GET and LIST [AWS guide: strong read-after-write consistency]', async () => {
        for (let round = 0; round < 20; round++) {
          await put('o/again', String(round));
          expect(await get('o/again')).toBe(String(round));
        }
        const listed = await client.send(new ListObjectsV2Command({ Bucket: target.bucket, Prefix: key('o/again') }));
        expect(listed.Contents?.[0]?.ETag).toBe(md5('19'));
      });

      it('an object of no bytes, and one of 3 MiB [AWS API PutObject]', async () => {
        const big = randomBytes(3 * 2 ** 20);
        await put('o/empty', '');
        await put('o/big', big);
        expect(await get('o/empty')).toBe('');
        const read = await client.send(new GetObjectCommand({ Bucket: target.bucket, Key: key('o/big') }));
        expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(big)).toBe(true);
      });

      it('GET of a missing key: 404 NoSuchKey for who may list [AWS API GetObject]', async () => {
        expect(await refusal(get('o/none'))).toEqual({ status: 404, code: 'NoSuchKey' });
      });

      it('DELETE of an object, and again of nothing: 204 [AWS API DeleteObject]', async () => {
        await put('o/gone', 'x');
        for (let round = 0; round < 2; round++) {
          const gone = await client.send(new DeleteObjectCommand({ Bucket: target.bucket, Key: key('o/gone') }));
          expect(gone.$metadata.httpStatusCode).toBe(204);
        }
        expect((await refusal(get('o/gone'))).code).toBe('NoSuchKey');
      });

      it('DeleteObjects names what it deleted, existing or not; quiet names nothing [AWS API DeleteObjects]', async () => {
        await put('d/1', 'x');
        await put('d/2', 'x');
        const gone = await client.send(
          new DeleteObjectsCommand({
            Bucket: target.bucket,
            Delete: { Objects: [{ Key: key('d/1') }, { Key: key('d/none & <b>') }] },
          }),
        );
        expect(names(gone.Deleted).toSorted()).toEqual(['d/1', 'd/none & <b>']);
        const quiet = await client.send(
          new DeleteObjectsCommand({ Bucket: target.bucket, Delete: { Objects: [{ Key: key('d/2') }], Quiet: true } }),
        );
        expect(quiet.Deleted ?? []).toEqual([]);
        expect((await refusal(get('d/2'))).code).toBe('NoSuchKey');
      });

      it('DeleteObjects takes 1,000 keys and not 1,001 [AWS API DeleteObjects]', async () => {
        const objects = (count: number) =>
          Array.from({ length: count }, (_unused, index) => ({ Key: key(`d/n${String(index)}`) }));
        const send = (count: number) =>
          client.send(
            new DeleteObjectsCommand({ Bucket: target.bucket, Delete: { Objects: objects(count), Quiet: true } }),
          );
        expect((await refusal(send(1_000))).status).toBe(200);
        expect(await refusal(send(1_001))).toEqual({ status: 400, code: 'MalformedXML' });
      });

      it('HeadBucket, GetBucketLocation; another bucket is NoSuchBucket [AWS API]', async () => {
        expect((await client.send(new HeadBucketCommand({ Bucket: target.bucket }))).$metadata.httpStatusCode).toBe(
          200,
        );
        expect((await refusal(client.send(new GetBucketLocationCommand({ Bucket: target.bucket })))).status).toBe(200);
        const other = client.send(new GetObjectCommand({ Bucket: `${target.bucket}-other`, Key: 'x' }));
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
        const listed = await client.send(new ListObjectsV2Command({ Bucket: target.bucket, Prefix: key(`k/${path}`) }));
        expect(names(listed.Contents)).toContain(`k/${path}`);
      });

      it('1,024 bytes are a key, 1,025 are not [AWS guide: at most 1,024 bytes long in UTF-8]', async () => {
        const longest = key('k/') + 'é'.repeat(2).padEnd(1_022 - key('k/').length, 'x');
        expect(Buffer.byteLength(longest)).toBe(1_024);
        const send = (name: string) =>
          client.send(new PutObjectCommand({ Bucket: target.bucket, Key: name, Body: 'x' }));
        expect((await refusal(send(longest))).status).toBe(200);
        expect((await refusal(send(`${longest}x`))).status).toBe(400);
        const listed = await client.send(new ListObjectsV2Command({ Bucket: target.bucket, Prefix: longest }));
        expect(listed.Contents?.map((item) => item.Key)).toEqual([longest]);
      });
    });

    describe('conditions', () => {
      const headers = (extra: Record<string, string>) => ({ headers: extra });
      const signedGet = (path: string) =>
        getSignedUrl(client, new GetObjectCommand({ Bucket: target.bucket, Key: key(path) }), { expiresIn: 60 });

      it('If-None-Match: 304 for the present ETag, 200 for another [AWS API GetObject, RFC 9110 13.1.2]', async () => {
        const { ETag = '' } = await put('c/1', 'one');
        const url = await signedGet('c/1');
        const same = await fetch(url, headers({ 'If-None-Match': ETag }));
        expect([same.status, await same.text()]).toEqual([304, '']);
        expect((await fetch(url, headers({ 'If-None-Match': '"other"' }))).status).toBe(200);
        await put('c/1', 'two');
        expect((await fetch(url, headers({ 'If-None-Match': ETag }))).status).toBe(200);
      });

      it('If-Modified-Since: 304 from the second of the change on [AWS API GetObject, RFC 9110 13.1.3]', async () => {
        await put('c/2', 'one');
        const url = await signedGet('c/2');
        const modified = (await fetch(url)).headers.get('last-modified') ?? '';
        expect((await fetch(url, headers({ 'If-Modified-Since': modified }))).status).toBe(304);
        const before = new Date(Date.parse(modified) - 1_000).toUTCString();
        expect((await fetch(url, headers({ 'If-Modified-Since': before }))).status).toBe(200);
      });

      it('If-Match: 412 when the object is another one [AWS API GetObject, RFC 9110 13.1.1]', async () => {
        const { ETag = '' } = await put('c/3', 'one');
        const url = await signedGet('c/3');
        expect((await fetch(url, headers({ 'If-Match': ETag }))).status).toBe(200);
        const other = await fetch(url, headers({ 'If-Match': '"other"' }));
        expect([other.status, await errorCode(other)]).toEqual([412, 'PreconditionFailed']);
      });

      it('PUT with If-None-Match: * writes once [AWS guide: conditional writes]', async () => {
        expect((await refusal(put('c/once', 'first', { IfNoneMatch: '*' }))).status).toBe(200);
        expect(await refusal(put('c/once', 'second', { IfNoneMatch: '*' }))).toEqual({
          status: 412,
          code: 'PreconditionFailed',
        });
        expect(await get('c/once')).toBe('first');
      });

      it('of eight racing PUTs with If-None-Match: * exactly one wins [AWS guide: conditional writes]', async () => {
        for (let round = 0; round < 5; round++) {
          const path = `c/race${String(round)}`;
          const bodies = Array.from({ length: 8 }, (_unused, index) => `writer ${String(index)}`);
          const outcomes = await Promise.all(bodies.map((body) => refusal(put(path, body, { IfNoneMatch: '*' }))));
          const winners = outcomes.flatMap(({ status }, index) => (status === 200 ? [index] : []));
          expect(winners).toHaveLength(1);
          for (const { status } of outcomes) expect([200, 409, 412]).toContain(status);
          expect(await get(path)).toBe(bodies[winners[0]!]);
        }
      });

      it('PUT with If-Match replaces only that object [AWS guide: conditional writes]', async () => {
        const { ETag = '' } = await put('c/swap', 'one');
        expect((await refusal(put('c/swap', 'two', { IfMatch: ETag }))).status).toBe(200);
        expect((await refusal(put('c/swap', 'three', { IfMatch: ETag }))).status).toBe(412);
        expect(await get('c/swap')).toBe('two');
      });
    });

    describe('ranges', () => {
      it.each([
        ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
        ['bytes=3-5', 206, '345', 'bytes 3-5/10'],
        ['bytes=7-', 206, '789', 'bytes 7-9/10'],
        ['bytes=-2', 206, '89', 'bytes 8-9/10'],
        ['bytes=8-100', 206, '89', 'bytes 8-9/10'],
      ])('%s [AWS API GetObject, RFC 9110 14.2]', async (range, status, text, contentRange) => {
        await put('r', '0123456789');
        const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: target.bucket, Key: key('r') }));
        const answer = await fetch(url, { headers: { Range: range } });
        expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([
          status,
          text,
          contentRange,
        ]);
      });

      it('beyond the end: 416 InvalidRange [AWS API error codes]', async () => {
        await put('r', '0123456789');
        const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: target.bucket, Key: key('r') }));
        const answer = await fetch(url, { headers: { Range: 'bytes=10-' } });
        expect([answer.status, await errorCode(answer)]).toEqual([416, 'InvalidRange']);
      });
    });

    describe('listing', () => {
      const PATHS = ['A', 'a', 'a!', 'a/1', 'a/2', 'a/b/3', 'a0', 'z/\uffff', 'z/😀', 'é'];
      const list = (more: object = {}) =>
        client.send(new ListObjectsV2Command({ Bucket: target.bucket, Prefix: key('l/'), ...more }));
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

      it('encoding-type url encodes keys and prefixes [AWS API ListObjectsV2: EncodingType]', async () => {
        await put('e/a +é', 'x');
        const page = await list({ Prefix: key('e/'), EncodingType: 'url' });
        expect(names(page.Contents)).toEqual(['e/a%20%2B%C3%A9']);
      });

      it('version 1 lists with a marker [AWS API ListObjects]', async () => {
        const page = await client.send(
          new ListObjectsCommand({ Bucket: target.bucket, Prefix: key('l/'), Marker: key('l/a0'), MaxKeys: 2 }),
        );
        expect(strip(names(page.Contents))).toEqual(['z/\uffff', 'z/😀']);
        expect(page.IsTruncated).toBe(true);
      });
    });

    describe('pre-signed URLs', () => {
      const command = (path: string) => new GetObjectCommand({ Bucket: target.bucket, Key: key(path) });
      const presign = (path: string, options: object = {}) =>
        getSignedUrl(client, command(path), { expiresIn: 60, ...options });

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
            fetch(
              url.replace(/X-Amz-Date=\d{8}T\d{5}/, (date) => date.slice(0, -1) + (date.endsWith('9') ? '8' : '9')),
            ),
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
        const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: target.bucket, Key: key('p/up') }), {
          expiresIn: 60,
        });
        expect(url).not.toContain('checksum');
        expect((await fetch(url, { method: 'PUT', body: 'content' })).status).toBe(200);
        expect(await get('p/up')).toBe('content');
        expect((await fetch(url.replace('/p/up', '/p/other'), { method: 'PUT', body: 'content' })).status).toBe(403);
      });

      it('response-* overrides are honoured when signed [AWS API GetObject]', async () => {
        await put('p/1', 'hello');
        const url = await getSignedUrl(
          client,
          new GetObjectCommand({
            Bucket: target.bucket,
            Key: key('p/1'),
            ResponseContentDisposition: 'attachment; filename="a b.txt"',
          }),
        );
        expect((await fetch(url)).headers.get('content-disposition')).toBe('attachment; filename="a b.txt"');
      });
    });

    describe('body checks', () => {
      const send = async (headers: Record<string, string>) => {
        const signed = new PutObjectCommand({
          Bucket: target.bucket,
          Key: key('b'),
          ContentMD5: headers['Content-MD5'],
        });
        const url = await getSignedUrl(client, signed, { expiresIn: 60, unhoistableHeaders: new Set(['content-md5']) });
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

    describe('POST forms', () => {
      const grant = (options: Partial<PresignedPostOptions> = {}) =>
        presignPost(client, {
          Bucket: target.bucket,
          Key: key('f/${filename}'),
          Conditions: [
            ['starts-with', '$key', key('f/')],
            ['content-length-range', 2, 10],
          ],
          Expires: 60,
          ...options,
        });

      it('what the policy allows is stored under the key with ${filename} replaced: 204 [AWS API POST Object]', async () => {
        const { url, fields } = await grant();
        const answer = await postForm(url, { ...fields, key: key('f/x-${filename}') }, 'hello');
        expect([answer.status, answer.headers.get('etag')]).toEqual([204, '"5d41402abc4b2a76b9719d911017c592"']);
        expect(await get('f/x-file name.bin')).toBe('hello');
      });

      it.each([
        ['200', 200],
        ['201', 201],
        ['204', 204],
        ['418', 204],
      ])('success_action_status %s: %i [AWS API POST Object]', async (asked, status) => {
        const { url, fields } = await grant({ Fields: { success_action_status: asked } });
        const answer = await postForm(url, fields, 'hello');
        expect(answer.status).toBe(status);
        if (status === 201) expect(await answer.text()).toContain(`<Key>${key('f/file name.bin')}</Key>`);
      });

      it('too large, too small: EntityTooLarge, EntityTooSmall, nothing stored [AWS API POST policy: content-length-range]', async () => {
        const { url, fields } = await grant({ Key: key('f/size') });
        for (const [content, code] of [
          ['x'.repeat(11), 'EntityTooLarge'],
          ['x'.repeat(3_000_000), 'EntityTooLarge'],
          ['x', 'EntityTooSmall'],
        ] as const) {
          const answer = await postForm(url, fields, content);
          expect([answer.status, await errorCode(answer)]).toEqual([400, code]);
        }
        expect((await refusal(get('f/size'))).code).toBe('NoSuchKey');
      });

      it.each<[string, (fields: Record<string, string>) => Record<string, string>]>([
        ['a key outside the prefix', (fields) => ({ ...fields, key: key('g/x') })],
        ['a field that the policy does not name', (fields) => ({ ...fields, 'x-amz-meta-evil': '1' })],
        ['an ACL that the policy does not name', (fields) => ({ ...fields, acl: 'public-read' })],
        ['a changed signature', (fields) => ({ ...fields, 'X-Amz-Signature': '0'.repeat(64) })],
        [
          'another policy under the same signature',
          (fields) => ({
            ...fields,
            Policy: Buffer.from(
              JSON.stringify({ expiration: '2999-01-01T00:00:00Z', conditions: [['starts-with', '$key', '']] }),
            ).toString('base64'),
          }),
        ],
        ['no policy', ({ Policy: _policy, ...fields }) => fields],
        [
          'an unknown access key',
          (fields) => ({ ...fields, 'X-Amz-Credential': `x${fields['X-Amz-Credential'] ?? ''}` }),
        ],
      ])('%s: 403, nothing stored [AWS API POST policy]', async (_what, change) => {
        const { url, fields } = await grant({ Key: key('f/denied') });
        const answer = await postForm(url, change(fields), 'hello');
        expect(answer.status).toBe(403);
        expect((await refusal(get('f/denied'))).code).toBe('NoSuchKey');
      });

      it('an expired policy: 403 [AWS API POST policy: expiration]', async () => {
        const { url, fields } = await grant({ Expires: -1 });
        expect((await postForm(url, fields, 'hello')).status).toBe(403);
      });
    });

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
        await client.send(new PutObjectCommand({ Bucket: target.bucket, Key: publicKey, Body: 'signed' }));
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
          expect((await fetch(`${target.endpoint}/${target.bucket}${query}`)).status).toBe(403);
        }
        expect((await fetch(urlOf(`public/${run}/none`))).status).toSatisfy(
          (status) => status === 403 || status === 404,
        );
        expect(await (await fetch(urlOf(publicKey))).text()).toBe('signed');
      });
    });
  });
}
