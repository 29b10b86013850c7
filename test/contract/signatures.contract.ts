import { createHash } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import { errorCode, refusal } from './client.js';
import type { ContractStore } from './contract-store.js';

/**
 * What a signature covers. Ceph 16 obeys what was not signed: a deployment on it must sign uploads with the
 * upload-only identity, which the last part of the contract proves.
 */
export function signaturesContract(store: ContractStore): void {
  const { key, put, get } = store;
  const lax = store.engine === 'ceph-16';

  describe('what is not signed', () => {
    const presignPut = (path: string, options: object = {}) =>
      getSignedUrl(store.client, new PutObjectCommand({ Bucket: store.target.bucket, Key: key(path) }), {
        expiresIn: 60,
        ...options,
      });

    it('an unsigned x-amz-copy-source never copies; Ceph 16 does, for the owner’s keys [AWS guide: all x-amz-* headers must be signed, engines: Ceph]', async () => {
      await put('s/secret', 'the secret');
      const answer = await fetch(await presignPut('s/copied'), {
        method: 'PUT',
        headers: { 'x-amz-copy-source': `/${store.target.bucket}/${key('s/secret')}` },
        body: '',
      });
      if (lax) {
        expect([answer.status, await get('s/copied')]).toEqual([200, 'the secret']);
      } else {
        expect([answer.status, await errorCode(answer)]).toEqual([403, 'AccessDenied']);
        expect((await refusal(get('s/copied'))).code).toBe('NoSuchKey');
      }
    });

    it.each(['x-amz-acl', 'x-amz-meta-a'])(
      'an unsigned %s is refused; Ceph 16 takes it, IgnorePublicAcls keeps the object private [engines: Ceph]',
      async (name) => {
        const path = `s/${name}`;
        const answer = await fetch(await presignPut(path), {
          method: 'PUT',
          headers: { [name]: 'public-read' },
          body: 'mine',
        });
        expect(answer.status).toBe(lax ? 200 : 403);
        expect((await fetch(store.urlOf(key(path)))).status).toBe(403);
      },
    );

    it('a URL dated tomorrow is refused; Ceph 16 takes it [AWS error codes: AccessDenied, engines: Ceph]', async () => {
      const url = await presignPut('s/tomorrow', { signingDate: new Date(Date.now() + 86_400_000) });
      expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(lax ? 200 : 403);
    });

    it.each([
      ['region', { signingRegion: 'eu-nowhere-9' }],
      ['service', { signingService: 'sqs' }],
    ])(
      'another %s in the scope is refused; Ceph 16 takes any [AWS guide: SigV4 scope, engines: Ceph]',
      async (_what, scope) => {
        const answer = await fetch(await presignPut('s/scope', scope), { method: 'PUT', body: 'x' });
        expect(answer.status).toBe(lax ? 200 : 403);
      },
    );

    it('x-amz-checksum-* is checked; Ceph 16 does not look [AWS guide: checking object integrity, engines: Ceph]', async () => {
      const wrong = await refusal(put('s/checksum', 'hello', { ChecksumCRC32: 'AAAAAA==' }));
      expect(wrong).toEqual(lax ? { status: 200, code: 'none' } : { status: 400, code: 'BadDigest' });
    });

    it('a signed x-amz-content-sha256 that the body does not have: 400 XAmzContentSHA256Mismatch [AWS API error codes]', async () => {
      const { endpoint, region, bucket, service } = store.target;
      const { host, hostname } = new URL(endpoint);
      const signer = new SignatureV4({
        credentials: service,
        region,
        service: 's3',
        sha256: Sha256,
        uriEscapePath: false,
        applyChecksum: false,
      });
      const of = (text: string): string => createHash('sha256').update(text).digest('hex');
      const path = `/${bucket}/${key('s/hash')}`;
      const { headers } = await signer.sign({
        method: 'PUT',
        protocol: 'http:',
        hostname,
        path,
        query: {},
        headers: { host, 'x-amz-content-sha256': of('hello') },
      });
      const send = (body: string) => fetch(`${endpoint}${path}`, { method: 'PUT', headers, body });
      expect((await send('hello')).status).toBe(200);
      const other = await send('jello');
      expect([other.status, await errorCode(other)]).toEqual([400, 'XAmzContentSHA256Mismatch']);
      expect(await get('s/hash')).toBe('hello');
    });
  });
}
