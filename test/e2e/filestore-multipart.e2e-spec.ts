import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
  type ChecksumAlgorithm,
  type ChecksumType,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCode, postForm, presignPost, refusal, s3Client } from '../contract/object-store.contract.js';
import {
  FILESTORE_KEYS,
  fileStoreFolder,
  startFileStore,
  type FileStoreProcess,
} from '../support/filestore-process.js';

const BUCKET = 'evidence';
const SECRET = 'flows/secret';
const FIVE_MIB = 5 * 2 ** 20;

let folder: Awaited<ReturnType<typeof fileStoreFolder>>;
let server: FileStoreProcess;
let service: S3Client;
let upload: S3Client;

beforeAll(async () => {
  folder = await fileStoreFolder();
  server = await startFileStore(folder.root);
  service = s3Client({ endpoint: server.url, region: 'us-east-1' }, FILESTORE_KEYS.service);
  upload = s3Client({ endpoint: server.url, region: 'us-east-1' }, FILESTORE_KEYS.upload);
  await service.send(new PutObjectCommand({ Bucket: BUCKET, Key: SECRET, Body: 'the secret' }));
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const at = (key: string) => ({ Bucket: BUCKET, Key: key });
const exists = async (key: string): Promise<boolean> =>
  (await refusal(service.send(new HeadObjectCommand(at(key))))).status === 200;

describe('the upload-only key and copies', () => {
  const source = `${BUCKET}/${SECRET}`;

  it.each<[string, (UploadId: string) => Promise<unknown>]>([
    ['CopyObject', () => upload.send(new CopyObjectCommand({ ...at('tickets/evil'), CopySource: source }))],
    ['CreateMultipartUpload', () => upload.send(new CreateMultipartUploadCommand(at('tickets/evil')))],
    [
      'UploadPart',
      (UploadId) => upload.send(new UploadPartCommand({ ...at('tickets/evil'), UploadId, PartNumber: 1, Body: 'x' })),
    ],
    [
      'UploadPartCopy',
      (UploadId) =>
        upload.send(new UploadPartCopyCommand({ ...at('tickets/evil'), UploadId, PartNumber: 1, CopySource: source })),
    ],
    ['ListParts', (UploadId) => upload.send(new ListPartsCommand({ ...at('tickets/evil'), UploadId }))],
    ['ListMultipartUploads', () => upload.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))],
    [
      'AbortMultipartUpload',
      (UploadId) => upload.send(new AbortMultipartUploadCommand({ ...at('tickets/evil'), UploadId })),
    ],
    [
      'CompleteMultipartUpload',
      (UploadId) =>
        upload.send(
          new CompleteMultipartUploadCommand({
            ...at('tickets/evil'),
            UploadId,
            MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"x"' }] },
          }),
        ),
    ],
  ])('%s: AccessDenied, nothing written', async (_name, call) => {
    const { UploadId = '' } = await service.send(new CreateMultipartUploadCommand(at('tickets/evil')));
    expect(await refusal(call(UploadId))).toEqual({ status: 403, code: 'AccessDenied' });
    expect(await exists('tickets/evil')).toBe(false);
    const { Parts } = await service.send(new ListPartsCommand({ ...at('tickets/evil'), UploadId }));
    expect(Parts ?? []).toEqual([]);
    await service.send(new AbortMultipartUploadCommand({ ...at('tickets/evil'), UploadId }));
  });

  it.each([
    ['x-amz-copy-source', source],
    ['X-Amz-Copy-Source', `/${source}`],
    ['x-amz-copy-source', `/${BUCKET}/`],
    ['x-amz-copy-source-range', 'bytes=0-1'],
    ['x-amz-metadata-directive', 'REPLACE'],
  ])('a pre-signed PUT and part with an unsigned %s: %s never copies, whoever signed', async (name, value) => {
    const { UploadId } = await service.send(new CreateMultipartUploadCommand(at('tickets/part')));
    const urls = await Promise.all([
      getSignedUrl(upload, new PutObjectCommand(at('tickets/evil'))),
      getSignedUrl(service, new PutObjectCommand(at('tickets/evil'))),
      getSignedUrl(service, new UploadPartCommand({ ...at('tickets/part'), UploadId, PartNumber: 1 })),
    ]);
    for (const url of urls) {
      const answer = await fetch(url, { method: 'PUT', headers: { [name]: value }, body: '' });
      expect([answer.status, await errorCode(answer)]).toEqual([403, 'AccessDenied']);
    }
    expect(await exists('tickets/evil')).toBe(false);
    const { Parts } = await service.send(new ListPartsCommand({ ...at('tickets/part'), UploadId }));
    expect(Parts ?? []).toEqual([]);
    await service.send(new AbortMultipartUploadCommand({ ...at('tickets/part'), UploadId }));
  });

  it('a copy source that was added to the query of a pre-signed PUT: the signature no longer fits', async () => {
    const url = await getSignedUrl(service, new PutObjectCommand(at('tickets/evil')), { expiresIn: 60 });
    const answer = await fetch(`${url}&x-amz-copy-source=${encodeURIComponent(source)}`, { method: 'PUT', body: '' });
    expect([answer.status, await errorCode(answer)]).toEqual([403, 'SignatureDoesNotMatch']);
  });

  it('a copy source as a field of a form is refused, also when the policy names it', async () => {
    const { url, fields } = await presignPost(service, {
      Bucket: BUCKET,
      Key: 'tickets/evil',
      Conditions: [['starts-with', '$x-amz-copy-source', '']],
      Expires: 60,
    });
    const answer = await postForm(url, { ...fields, 'x-amz-copy-source': source }, 'x');
    expect([answer.status, await errorCode(answer)]).toEqual([501, 'NotImplemented']);
    expect(await exists('tickets/evil')).toBe(false);
  });

  it.each([
    '',
    '/',
    BUCKET,
    `${BUCKET}/`,
    `other/${SECRET}`,
    `${BUCKET}/%zz`,
    `${BUCKET}/%ff`,
    `${BUCKET}/x?versionId=1`,
  ])('the service copying from %j is told what is wrong', async (CopySource) => {
    const { status } = await refusal(service.send(new CopyObjectCommand({ ...at('copied'), CopySource })));
    expect([400, 404, 501]).toContain(status);
    expect(await exists('copied')).toBe(false);
  });
});

describe('checksums of multipart uploads [AWS guide: checking object integrity]', () => {
  it.each<[ChecksumAlgorithm, ChecksumType]>([
    ['CRC32', 'COMPOSITE'],
    ['CRC32C', 'FULL_OBJECT'],
    ['CRC64NVME', 'FULL_OBJECT'],
    ['SHA256', 'COMPOSITE'],
  ])('%s %s: parts are checked, the object has one', async (ChecksumAlgorithm, ChecksumType) => {
    const client = new S3Client({
      endpoint: server.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: FILESTORE_KEYS.service,
    });
    const place = at(`sum/${ChecksumAlgorithm}-${ChecksumType}`);
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ ...place, ChecksumAlgorithm, ChecksumType }),
    );
    const field = `Checksum${ChecksumAlgorithm}` as const;
    const Parts = [];
    const bodies = [Buffer.alloc(FIVE_MIB, 'ab'), Buffer.from('last')];
    for (const [index, Body] of bodies.entries()) {
      const PartNumber = index + 1;
      const sent = await client.send(
        new UploadPartCommand({ ...place, UploadId, PartNumber, Body, ChecksumAlgorithm }),
      );
      Parts.push({ PartNumber, ETag: sent.ETag, [field]: sent[field] });
    }
    const wrong = Parts.map((part) => ({ ...part, [field]: 'AAAAAA==' }));
    const bad = client.send(
      new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: wrong } }),
    );
    expect((await refusal(bad)).code).toBe('InvalidPart');
    await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
    const read = await client.send(new GetObjectCommand({ ...place, ChecksumMode: 'ENABLED' }));
    expect(read[field]?.includes('-')).toBe(ChecksumType === 'COMPOSITE');
    // The SDK compares the content with a checksum of the whole.
    expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(Buffer.concat(bodies))).toBe(true);
    client.destroy();
  });
});

describe('what is left over', () => {
  it('an aborted and a completed upload leave nothing on disk', async () => {
    const uploads = join(folder.root, 'uploads', BUCKET);
    const place = at('left/over');
    const before = readdirSync(uploads);
    const { UploadId } = await service.send(new CreateMultipartUploadCommand(place));
    const part = await service.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'x' }));
    expect(readdirSync(uploads)).toHaveLength(before.length + 1);
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
    await service.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload }));
    // The answer was lost, so it is asked again; with other parts there is nothing to tell.
    const again = await service.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload }));
    expect(again.ETag).toMatch(/^"[0-9a-f]{32}-1"$/);
    const wrong = { Parts: [{ PartNumber: 1, ETag: `"${'0'.repeat(32)}"` }] };
    const refused = service.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: wrong }));
    expect(await refusal(refused)).toEqual({ status: 404, code: 'NoSuchUpload' });
    const other = await service.send(new CreateMultipartUploadCommand(place));
    await service.send(new AbortMultipartUploadCommand({ ...place, UploadId: other.UploadId }));
    expect(readdirSync(uploads)).toEqual(before);
    expect(readdirSync(join(folder.root, 'temporary'))).toEqual([]);
  });
});
