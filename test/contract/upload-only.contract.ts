import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postForm, presignPost, refusal, s3Client } from './client.js';
import type { ContractStore } from './contract-store.js';

/** The identity that signs agents' grants: it may put under its prefixes, whatever is added to what it signed. */
export function uploadOnlyContract(store: ContractStore): void {
  const { run, key, put, get } = store;

  describe('the upload-only identity', () => {
    let uploader: S3Client;
    beforeAll(() => {
      const { target } = store;
      if (target.upload === undefined) throw new Error('this store has no upload-only keys');
      uploader = s3Client(target, target.upload);
    });
    afterAll(() => uploader.destroy());

    const inBucket = (path: string) => ({ Bucket: store.target.bucket, Key: path });
    const asUploader = (path: string) => uploader.send(new PutObjectCommand({ ...inBucket(path), Body: 'uploaded' }));
    const presigned = (path: string) => getSignedUrl(uploader, new PutObjectCommand(inBucket(path)), { expiresIn: 60 });
    const asService = async (path: string): Promise<string> => {
      const answer = await store.client.send(new GetObjectCommand(inBucket(path)));
      return (await answer.Body?.transformToString()) ?? '';
    };
    const refused = async (path: string): Promise<void> => {
      expect((await refusal(store.client.send(new GetObjectCommand(inBucket(path))))).code).toBe('NoSuchKey');
    };

    it.each(['tickets/Startup', 'C.0123456789abcdef/vfs/analysis', 'hunts/H.1/vfs/files'])(
      'puts under %s, and the service reads and deletes it [AWS guide: bucket policies]',
      async (prefix) => {
        const path = `${prefix}/${run}`;
        expect((await refusal(asUploader(path))).status).toBe(200);
        expect(await asService(path)).toBe('uploaded');
        expect((await fetch(store.urlOf(path))).status).toBe(403);
        await store.client.send(new DeleteObjectCommand(inBucket(path)));
        await refused(path);
      },
    );

    it('by form: under the prefix of its policy, read by the service; outside it 403 [AWS API POST policy]', async () => {
      const prefix = `tickets/${run}/`;
      const { url, fields } = await presignPost(uploader, {
        Bucket: store.target.bucket,
        Key: `${prefix}form`,
        Conditions: [
          ['starts-with', '$key', prefix],
          ['content-length-range', 1, 100],
        ],
        Expires: 60,
      });
      expect((await postForm(url, fields, 'by form')).status).toBe(204);
      expect(await asService(`${prefix}form`)).toBe('by form');
      expect((await postForm(url, { ...fields, key: 'tickets/elsewhere' }, 'by form')).status).toBe(403);
    });

    it.each(['flows/F.1', 'public/evil', 'clients/C.1', 'C.0123456789abcdef/other/x', 'audit/x'])(
      'puts nothing at %s [AWS guide: bucket policies]',
      async (prefix) => {
        const path = `${prefix}/${run}`;
        expect((await refusal(asUploader(path))).status).toBe(403);
        await refused(path);
      },
    );

    it('reads, lists and deletes nothing, not even what it wrote [AWS guide: bucket policies]', async () => {
      const path = `tickets/${run}/mine`;
      await asUploader(path);
      const any = inBucket(key('any'));
      for (const call of [
        () => uploader.send(new ListObjectsV2Command({ Bucket: store.target.bucket })),
        () => uploader.send(new DeleteObjectCommand(inBucket(path))),
        () => uploader.send(new GetObjectCommand(any)),
        () => uploader.send(new HeadObjectCommand(any)),
      ])
        expect((await refusal(call())).status).toBe(403);
      // On Ceph an object belongs to who wrote it: the writer reads its own, which tells it nothing new.
      const own = await refusal(uploader.send(new GetObjectCommand(inBucket(path))));
      expect(own.status).toBe(store.engine === 'ceph-16' ? 200 : 403);
      expect(await asService(path)).toBe('uploaded');
    });

    it('never copies: a signed copy, and a copy-source added to what it signed [engines: Ceph]', async () => {
      await put('u/secret', 'the secret');
      const source = `/${store.target.bucket}/${key('u/secret')}`;
      const signed = uploader.send(new CopyObjectCommand({ ...inBucket(`tickets/${run}/copy1`), CopySource: source }));
      expect((await refusal(signed)).status).toBe(403);
      const added = await fetch(await presigned(`tickets/${run}/copy2`), {
        method: 'PUT',
        headers: { 'x-amz-copy-source': source },
        body: '',
      });
      expect(added.status).toBe(403);
      await refused(`tickets/${run}/copy1`);
      await refused(`tickets/${run}/copy2`);
      expect(await get('u/secret')).toBe('the secret');
    });

    it('publishes nothing: an ACL added to what it signed [engines: Ceph]', async () => {
      const path = `tickets/${run}/published`;
      const answer = await fetch(await presigned(path), {
        method: 'PUT',
        headers: { 'x-amz-acl': 'public-read' },
        body: 'mine',
      });
      expect(answer.status).toBe(store.engine === 'ceph-16' ? 200 : 403);
      expect((await fetch(store.urlOf(path))).status).toBe(403);
    });
  });
}
