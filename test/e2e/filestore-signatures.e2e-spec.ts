import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCode, refusal } from '../contract/object-store.contract.js';
import { FILESTORE_KEYS } from '../support/filestore-process.js';
import { BUCKET, codeOf, EMPTY_SHA256, FileStoreWorld } from '../support/filestore-world.js';
import { rawHttp } from '../support/raw-http.js';

let world: FileStoreWorld;
beforeAll(async () => {
  world = await FileStoreWorld.start();
});
afterAll(() => world.stop());

describe('signatures that Ceph accepts and AWS refuses [engines.md: the differences]', () => {
  const presignPut = (client: S3Client, key: string, options: object = {}) =>
    getSignedUrl(client, new PutObjectCommand({ Bucket: BUCKET, Key: key }), { expiresIn: 60, ...options });

  it.each(['x-amz-copy-source', 'x-amz-acl', 'x-amz-meta-a', 'x-amz-tagging', 'x-amz-unknown'])(
    'a pre-signed PUT with an unsigned %s: 403, nothing written',
    async (name) => {
      await world.put('flows/secret', 'the secret');
      for (const [client, key] of [
        [world.upload, 'tickets/evil'],
        [world.service, 'any/evil'],
      ] as const) {
        const value = name === 'x-amz-copy-source' ? `/${BUCKET}/flows/secret` : 'public-read';
        const answer = await fetch(await presignPut(client, key), {
          method: 'PUT',
          headers: { [name]: value },
          body: '',
        });
        expect([answer.status, await errorCode(answer)]).toEqual([403, 'AccessDenied']);
        expect(await world.exists(key)).toBe(false);
      }
    },
  );

  it('a copy-source that is signed: the upload-only key may not, the service copies', async () => {
    await world.put('flows/secret', 'the secret');
    const source = { 'x-amz-copy-source': `/${BUCKET}/flows/secret`, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const head = await world.signedHead('PUT', `/${BUCKET}/copy`, { ...source, 'content-length': '0' });
    expect((await rawHttp(world.server.port, head)).status).toBe(200);
    expect(await world.read('copy')).toBe('the secret');
    const path = `/${BUCKET}/tickets/copy`;
    const headers = await world.signed('PUT', path, source, { credentials: FILESTORE_KEYS.upload });
    const answer = await fetch(`${world.server.url}${path}`, { method: 'PUT', headers, body: '' });
    expect([answer.status, await errorCode(answer)]).toEqual([403, 'AccessDenied']);
    expect(await world.exists('tickets/copy')).toBe(false);
  });

  it('a URL dated tomorrow, another region, another service, a host that is not signed', async () => {
    await world.put('sig/1', 'x');
    const url = await getSignedUrl(world.service, new GetObjectCommand({ Bucket: BUCKET, Key: 'sig/1' }), {
      expiresIn: 60,
      signingDate: new Date(Date.now() + 86_400_000),
    });
    expect((await fetch(url)).status).toBe(403);
    const headers = { 'x-amz-content-sha256': EMPTY_SHA256 };
    const path = `/${BUCKET}/sig/1`;
    expect((await rawHttp(world.server.port, await world.signedHead('GET', path, headers))).status).toBe(200);
    expect(
      codeOf(await rawHttp(world.server.port, await world.signedHead('GET', path, headers, { region: 'eu-west-1' }))),
    ).toEqual([400, 'AuthorizationHeaderMalformed']);
    expect(
      codeOf(await rawHttp(world.server.port, await world.signedHead('GET', path, headers, { name: 'sts' }))),
    ).toEqual([400, 'AuthorizationHeaderMalformed']);
    expect(
      codeOf(await rawHttp(world.server.port, await world.signedHead('GET', path, headers, { unsigned: ['host'] }))),
    ).toEqual([403, 'AccessDenied']);
    expect(
      codeOf(
        await rawHttp(
          world.server.port,
          await world.signedHead('GET', path, { ...headers, 'x-amz-meta-a': '1' }, { unsigned: ['x-amz-meta-a'] }),
        ),
      ),
    ).toEqual([403, 'AccessDenied']);
    for (const shift of [-901_000, 901_000]) {
      const head = await world.signedHead('GET', path, headers, { at: new Date(Date.now() + shift) });
      expect(codeOf(await rawHttp(world.server.port, head))).toEqual([403, 'RequestTimeTooSkewed']);
    }
  });

  it('304 carries ETag and Last-Modified, and takes a list, a weak tag and *', async () => {
    await world.put('public/poll', 'x');
    const url = `${world.server.url}/${BUCKET}/public/poll`;
    const first = await fetch(url);
    const etag = first.headers.get('etag') ?? '';
    for (const tags of [etag, `"other", ${etag}`, `W/${etag}`, '*', etag.slice(1, -1)]) {
      const answer = await fetch(url, { headers: { 'If-None-Match': tags } });
      expect([tags, answer.status, answer.headers.get('etag')]).toEqual([tags, 304, etag]);
      expect(answer.headers.get('last-modified')).toBe(first.headers.get('last-modified'));
      expect(Date.parse(answer.headers.get('date') ?? '')).not.toBeNaN();
    }
  });

  it('a poll sees a change and a removal at once, also when it was answered 304 before', async () => {
    const url = `${world.server.url}/${BUCKET}/public/hot`;
    for (let round = 0; round < 30; round++) {
      const { ETag = '' } = await world.put('public/hot', `version ${String(round)}`);
      await fetch(url);
      expect((await fetch(url, { headers: { 'If-None-Match': ETag } })).status).toBe(304);
      await world.put('public/hot', `version ${String(round)}+`);
      expect(await (await fetch(url, { headers: { 'If-None-Match': ETag } })).text()).toBe(`version ${String(round)}+`);
    }
  });

  it('a continuation token that is none: 400', async () => {
    const list = world.service.send(new ListObjectsV2Command({ Bucket: BUCKET, ContinuationToken: 'bm9uZQ==' }));
    expect(await refusal(list)).toEqual({ status: 400, code: 'InvalidArgument' });
  });
});
