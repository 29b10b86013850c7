import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { describe, expect, it } from 'vitest';
import { errorCode, refusal } from './client.js';
import type { ContractStore } from './contract-store.js';

/** Conditional reads and writes, and ranges. */
export function conditionsContract(store: ContractStore): void {
  const { key, put, get } = store;

  describe('conditions', () => {
    const headers = (extra: Record<string, string>) => ({ headers: extra });
    const signedGet = (path: string) =>
      getSignedUrl(store.client, new GetObjectCommand({ Bucket: store.target.bucket, Key: key(path) }), {
        expiresIn: 60,
      });

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
      const bare = ETag.replaceAll('"', '');
      expect((await refusal(put('c/swap', 'two', { IfMatch: bare }))).status).toBe(200);
      expect((await refusal(put('c/swap', 'three', { IfMatch: bare }))).status).toBe(412);
      expect(await get('c/swap')).toBe('two');
    });

    it('PUT with If-Match takes the ETag with its quotes; Ceph 16 only without them [engines: Ceph]', async () => {
      const { ETag = '' } = await put('c/quoted', 'one');
      const { status } = await refusal(put('c/quoted', 'two', { IfMatch: ETag }));
      expect(status).toBe(store.engine === 'ceph-16' ? 412 : 200);
    });

    it('304 carries the validators; Ceph 16 leaves them out [RFC 9110 15.4.5, engines: Ceph]', async () => {
      const { ETag = '' } = await put('c/304', 'one');
      const answer = await fetch(await signedGet('c/304'), headers({ 'If-None-Match': ETag }));
      const given = [answer.headers.get('etag'), answer.headers.get('last-modified') !== null];
      expect(given).toEqual(store.engine === 'ceph-16' ? [null, false] : [ETag, true]);
    });

    it('If-None-Match takes a list, a weak tag and *; Ceph 16 one strong tag [RFC 9110 13.1.2, engines: Ceph]', async () => {
      const { ETag = '' } = await put('c/list', 'one');
      const url = await signedGet('c/list');
      for (const tags of [`"x", ${ETag}`, `W/${ETag}`, '*']) {
        expect((await fetch(url, headers({ 'If-None-Match': tags }))).status).toBe(
          store.engine === 'ceph-16' ? 200 : 304,
        );
      }
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
      const url = await getSignedUrl(
        store.client,
        new GetObjectCommand({ Bucket: store.target.bucket, Key: key('r') }),
      );
      const answer = await fetch(url, { headers: { Range: range } });
      expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([
        status,
        text,
        contentRange,
      ]);
    });

    it('beyond the end: 416 InvalidRange [AWS API error codes]', async () => {
      await put('r', '0123456789');
      const url = await getSignedUrl(
        store.client,
        new GetObjectCommand({ Bucket: store.target.bucket, Key: key('r') }),
      );
      const answer = await fetch(url, { headers: { Range: 'bytes=10-' } });
      expect([answer.status, await errorCode(answer)]).toEqual([416, 'InvalidRange']);
    });
  });
}
