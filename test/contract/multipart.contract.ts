import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { request as requestByTls } from 'node:https';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { describe, expect, it } from 'vitest';
import { refusal } from './client.js';
import type { ContractStore } from './contract-store.js';

const FIVE_MIB = 5 * 2 ** 20;

/** Multipart uploads and copies, with the service's keys. */
export function multipartContract(store: ContractStore): void {
  const { key, put, get, urlOf } = store;
  const ceph = store.engine === 'ceph-16';

  const at = (path: string) => ({ Bucket: store.target.bucket, Key: key(path) });
  const begin = async (path: string, more: Partial<CreateMultipartUploadCommandInput> = {}) => {
    const { UploadId } = await store.client.send(new CreateMultipartUploadCommand({ ...at(path), ...more }));
    if (UploadId === undefined) throw new Error('no upload id');
    return { ...at(path), UploadId };
  };
  type Begun = Awaited<ReturnType<typeof begin>>;
  const sendPart = async (upload: Begun, PartNumber: number, Body: Buffer | string) => {
    const { ETag } = await store.client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
    return { PartNumber, ETag };
  };
  const complete = (upload: Begun, Parts: { PartNumber: number; ETag: string | undefined }[]) =>
    store.client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  const abort = (upload: Begun) => store.client.send(new AbortMultipartUploadCommand(upload));
  const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
  const bytesOf = async (path: string): Promise<Buffer> => {
    const { Body } = await store.client.send(new GetObjectCommand(at(path)));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };

  describe('multipart uploads', () => {
    const first = randomBytes(FIVE_MIB);
    const last = randomBytes(1_234);

    it('parts in any order make one object, hidden until then; the ETag tells of the parts, Ceph 16 says it at the next look [AWS guide: multipart upload, engines: Ceph]', async () => {
      const upload = await begin('m/1', { ContentType: 'text/x-test', Metadata: { one: '1' } });
      const two = await sendPart(upload, 7, last);
      const one = await sendPart(upload, 2, first);
      expect(one.ETag).toBe(`"${md5(first).toString('hex')}"`);
      expect((await refusal(get('m/1'))).code).toBe('NoSuchKey');
      const listed = await store.client.send(
        new ListObjectsV2Command({ Bucket: store.target.bucket, Prefix: key('m/1') }),
      );
      expect(listed.Contents ?? []).toEqual([]);
      const done = await complete(upload, [one, two]);
      const etag = `"${md5(Buffer.concat([md5(first), md5(last)])).toString('hex')}-2"`;
      expect(done.ETag).toBe(ceph ? '' : etag);
      expect((await bytesOf('m/1')).equals(Buffer.concat([first, last]))).toBe(true);
      expect(await store.client.send(new HeadObjectCommand(at('m/1')))).toMatchObject({
        ETag: etag,
        ContentType: 'text/x-test',
        ContentLength: FIVE_MIB + 1_234,
        Metadata: { one: '1' },
      });
      expect(await refusal(sendPart(upload, 1, 'x'))).toEqual({ status: 404, code: 'NoSuchUpload' });
    });

    it('a range over the border of two parts [AWS API GetObject]', async () => {
      const upload = await begin('m/range');
      await complete(upload, [await sendPart(upload, 1, first), await sendPart(upload, 2, last)]);
      const { Body } = await store.client.send(
        new GetObjectCommand({ ...at('m/range'), Range: `bytes=${String(FIVE_MIB - 3)}-${String(FIVE_MIB + 2)}` }),
      );
      const expected = Buffer.concat([first.subarray(-3), last.subarray(0, 3)]);
      expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(expected)).toBe(true);
    });

    it('a part sent again replaces the former; the former’s ETag is InvalidPart [AWS API UploadPart]', async () => {
      const upload = await begin('m/again');
      const former = await sendPart(upload, 1, 'former');
      const latter = await sendPart(upload, 1, 'latter');
      expect(await refusal(complete(upload, [former]))).toEqual({ status: 400, code: 'InvalidPart' });
      await complete(upload, [latter]);
      expect(await get('m/again')).toBe('latter');
    });

    it('a part sent twice at the same time: the one that ends last counts, though it began first [AWS API UploadPart]', async () => {
      const upload = await begin('m/race');
      const url = await getSignedUrl(store.client, new UploadPartCommand({ ...upload, PartNumber: 1 }));
      const ask = url.startsWith('https:') ? requestByTls : request;
      const slow = ask(url, { method: 'PUT', headers: { 'Content-Length': '10' } });
      const answered = once(slow, 'response') as Promise<[IncomingMessage]>;
      await new Promise((resolve) => slow.write('first', resolve));
      const overtaking = await sendPart(upload, 1, 'overtaking');
      slow.end('-ends');
      const [answer] = await answered;
      answer.resume();
      expect(answer.statusCode).toBe(200);
      const ETag = answer.headers.etag;
      expect(ETag).toBe(`"${md5(Buffer.from('first-ends')).toString('hex')}"`);
      expect(await refusal(complete(upload, [overtaking]))).toEqual({ status: 400, code: 'InvalidPart' });
      await complete(upload, [{ PartNumber: 1, ETag }]);
      expect(await get('m/race')).toBe('first-ends');
    });

    it('a number that is listed twice is no order; Ceph 16 takes the last entry [AWS API CompleteMultipartUpload: InvalidPartOrder, engines: Ceph]', async () => {
      const upload = await begin('m/twice');
      const former = await sendPart(upload, 1, 'former');
      const latter = await sendPart(upload, 1, 'latter');
      const { code } = await refusal(complete(upload, [former, latter]));
      expect(code).toBe(ceph ? 'none' : 'InvalidPartOrder');
      if (ceph) expect(await get('m/twice')).toBe('latter');
      else await abort(upload);
    });

    it('only the parts that are named; Ceph 16 wants all [AWS API CompleteMultipartUpload, engines: Ceph]', async () => {
      const upload = await begin('m/some');
      await sendPart(upload, 1, 'left out');
      const taken = await sendPart(upload, 2, 'taken');
      const { code } = await refusal(complete(upload, [taken]));
      expect(code).toBe(ceph ? 'InvalidPart' : 'none');
      if (ceph) await abort(upload);
      else expect(await get('m/some')).toBe('taken');
    });

    it('out of order: InvalidPartOrder; a part that is none: InvalidPart; a small one before the last: EntityTooSmall [AWS API CompleteMultipartUpload]', async () => {
      const upload = await begin('m/wrong');
      const one = await sendPart(upload, 1, 'small');
      const two = await sendPart(upload, 2, 'small');
      // Ceph 16 looks at the sizes first.
      const order = ceph ? 'EntityTooSmall' : 'InvalidPartOrder';
      expect(await refusal(complete(upload, [two, one]))).toEqual({ status: 400, code: order });
      expect(await refusal(complete(upload, [one, two]))).toEqual({ status: 400, code: 'EntityTooSmall' });
      const none = await refusal(complete(upload, [{ PartNumber: 9, ETag: one.ETag }]));
      expect(none).toEqual({ status: 400, code: 'InvalidPart' });
      expect((await refusal(get('m/wrong'))).code).toBe('NoSuchKey');
      await abort(upload);
    });

    it('aborted: gone, and so are its parts; Ceph 16 ends a late completion with 500 [AWS API AbortMultipartUpload, engines: Ceph]', async () => {
      const upload = await begin('m/aborted');
      const one = await sendPart(upload, 1, 'x');
      await abort(upload);
      expect((await refusal(complete(upload, [one]))).code).toBe(ceph ? 'InternalError' : 'NoSuchUpload');
      expect((await refusal(abort(upload))).code).toBe('NoSuchUpload');
      expect((await refusal(sendPart(upload, 2, 'x'))).code).toBe('NoSuchUpload');
    });

    it('an upload is of its key, and an unknown one is NoSuchUpload [AWS API error codes]', async () => {
      const upload = await begin('m/key');
      const other = { ...upload, Key: key('m/other') };
      expect((await refusal(sendPart(other, 1, 'x'))).code).toBe('NoSuchUpload');
      expect((await refusal(sendPart({ ...upload, UploadId: '../../x' }, 1, 'x'))).status).toBe(404);
      await abort(upload);
    });

    it('lists its parts, page by page [AWS API ListParts]', async () => {
      const upload = await begin('m/parts');
      for (const number of [3, 1, 2]) await sendPart(upload, number, `part ${String(number)}`);
      const page = await store.client.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
      expect(page.Parts?.map((part) => [part.PartNumber, part.Size])).toEqual([
        [1, 6],
        [2, 6],
      ]);
      expect([page.IsTruncated, Number(page.NextPartNumberMarker)]).toEqual([true, 2]);
      const rest = await store.client.send(new ListPartsCommand({ ...upload, PartNumberMarker: '2' }));
      expect([rest.Parts?.map((part) => part.PartNumber), rest.IsTruncated]).toEqual([[3], false]);
      await abort(upload);
    });

    it('uploads are listed in the order of keys, with prefix and delimiter [AWS API ListMultipartUploads]', async () => {
      const uploads = [];
      for (const path of ['ml/b', 'ml/a', 'ml/c/1', 'ml/c/2']) uploads.push(await begin(path));
      const list = (more: object) =>
        store.client.send(
          new ListMultipartUploadsCommand({ Bucket: store.target.bucket, Prefix: key('ml/'), ...more }),
        );
      const all = await list({});
      expect(all.Uploads?.map((item) => item.Key)).toEqual(['ml/a', 'ml/b', 'ml/c/1', 'ml/c/2'].map(key));
      expect(all.Uploads?.[0]?.UploadId).toBe(uploads[1]?.UploadId);
      const rolled = await list({ Delimiter: '/' });
      expect(rolled.Uploads?.map((item) => item.Key)).toEqual(['ml/a', 'ml/b'].map(key));
      const prefixes = rolled.CommonPrefixes?.map((item) => item.Prefix);
      expect(prefixes).toEqual(ceph ? undefined : [key('ml/c/')]); // Ceph 16 names them by an element of its own
      const page = await list({ MaxUploads: 2 });
      expect([page.IsTruncated, page.NextKeyMarker]).toEqual([true, key('ml/b')]);
      const rest = await list({ KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker });
      expect(rest.Uploads?.map((item) => item.Key)).toEqual(['ml/c/1', 'ml/c/2'].map(key));
      for (const upload of uploads) await abort(upload);
      expect((await list({})).Uploads ?? []).toEqual([]);
    });

    it('nobody begins one without keys [AWS guide: all buckets and objects are private by default]', async () => {
      expect((await fetch(`${urlOf(key('m/anon'))}?uploads`, { method: 'POST' })).status).toBe(403);
      const upload = await begin('m/anon');
      const url = `${urlOf(key('m/anon'))}?partNumber=1&uploadId=${upload.UploadId}`;
      expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403);
      expect((await fetch(url.replace('partNumber=1&', ''), { method: 'DELETE' })).status).toBe(403);
      await abort(upload);
    });
  });

  describe('copies', () => {
    const copy = (from: string, to: string, more: object = {}) =>
      store.client.send(
        new CopyObjectCommand({ ...at(to), CopySource: encodeURI(`${store.target.bucket}/${key(from)}`), ...more }),
      );

    it('copies content and metadata, or replaces the metadata [AWS API CopyObject]', async () => {
      const written = await put('cp/from é', 'content', { ContentType: 'text/x-from', Metadata: { a: '1' } });
      const copied = await copy('cp/from é', 'cp/to');
      const etag = ceph ? written.ETag?.replaceAll('"', '') : written.ETag; // Ceph 16 leaves the quotes out
      expect(copied.CopyObjectResult?.ETag).toBe(etag);
      expect(await get('cp/to')).toBe('content');
      const kept = await store.client.send(new HeadObjectCommand(at('cp/to')));
      expect(kept).toMatchObject({ ContentType: 'text/x-from', Metadata: { a: '1' } });
      await copy('cp/from é', 'cp/to', {
        MetadataDirective: 'REPLACE',
        ContentType: 'text/x-to',
        Metadata: { b: '2' },
      });
      const replaced = await store.client.send(new HeadObjectCommand(at('cp/to')));
      expect(replaced).toMatchObject({ ContentType: 'text/x-to', Metadata: { b: '2' } });
      expect(replaced.Metadata).toEqual({ b: '2' });
    });

    it('onto itself only with new metadata; of nothing NoSuchKey [AWS API CopyObject]', async () => {
      await put('cp/self', 'content');
      expect(await refusal(copy('cp/self', 'cp/self'))).toEqual({ status: 400, code: 'InvalidRequest' });
      await copy('cp/self', 'cp/self', { MetadataDirective: 'REPLACE', Metadata: { c: '3' } });
      expect(await get('cp/self')).toBe('content');
      expect(await refusal(copy('cp/none', 'cp/other'))).toEqual({ status: 404, code: 'NoSuchKey' });
    });

    it('under a condition on the source; Ceph 16 does not look at them [AWS API CopyObject, engines: Ceph]', async () => {
      const { ETag = '' } = await put('cp/if', 'content');
      const status = async (to: string, more: object) => (await refusal(copy('cp/if', to, more))).status;
      expect(await status('cp/if1', { CopySourceIfMatch: ETag })).toBe(200);
      expect(await status('cp/if2', { CopySourceIfMatch: '"other"' })).toBe(ceph ? 200 : 412);
      expect(await status('cp/if3', { CopySourceIfNoneMatch: ETag })).toBe(ceph ? 200 : 412);
      expect((await refusal(get('cp/if3'))).code).toBe(ceph ? 'none' : 'NoSuchKey');
    });

    it('parts from an object, whole or in a range [AWS API UploadPartCopy]', async () => {
      await put('cp/part', '0123456789');
      const upload = await begin('cp/assembled');
      const { CopyPartResult } = await store.client.send(
        new UploadPartCopyCommand({
          ...upload,
          PartNumber: 1,
          CopySource: `${store.target.bucket}/${key('cp/part')}`,
          CopySourceRange: 'bytes=2-4',
        }),
      );
      await complete(upload, [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
      expect(await get('cp/assembled')).toBe('234');
    });
  });
}
