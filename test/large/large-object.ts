// A 4 GiB object up in parts and down: the same hash, and the server stays small (see scripts/test-large.mjs).
import { createCipheriv, createHash, type Hash } from 'node:crypto';
import { readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { s3Client } from '../contract/client.js';
import { FILESTORE_KEYS, fileStoreFolder, startFileStore } from '../support/filestore-process.js';

const MIB = 2 ** 20;
const PART = 64 * MIB;
const PARTS = 64;
const NEEDED = 10e9;
const MOST_MEMORY = 200e6;
const BUCKET = 'evidence';

/** Bytes that do not repeat, a part at a time; the same in each run. */
function contents(): () => Buffer {
  const zeros = Buffer.alloc(PART);
  const stream = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  return () => stream.update(zeros);
}

const { bavail, bsize } = statfsSync(tmpdir());
if (bavail * bsize < NEEDED) {
  console.log(`skipped: ${tmpdir()} has ${((bavail * bsize) / 1e9).toFixed(1)} GB free, 10 are needed (set TMPDIR)`);
} else {
  const folder = await fileStoreFolder();
  const server = await startFileStore(folder.root);
  const client = s3Client({ endpoint: server.url, region: 'us-east-1' }, FILESTORE_KEYS.service);
  const peak = (): number =>
    Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${String(server.pid)}/status`, 'utf8'))?.[1] ?? 0) * 1_024;
  const timed = async (what: string, work: () => Promise<void>): Promise<void> => {
    const began = performance.now();
    await work();
    const seconds = (performance.now() - began) / 1_000;
    console.log(`${what}: ${seconds.toFixed(0)} s, ${((PARTS * PART) / MIB / seconds).toFixed(0)} MiB/s`);
  };
  try {
    const place = { Bucket: BUCKET, Key: 'large' };
    const sent: Hash = createHash('sha256');
    await timed('4 GiB up in 64 parts', async () => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
      const next = contents();
      const parts: { PartNumber: number; ETag: string | undefined }[] = [];
      for (let PartNumber = 1; PartNumber <= PARTS; PartNumber++) {
        const Body = next();
        sent.update(Body);
        const { ETag } = await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body }));
        parts.push({ PartNumber, ETag });
      }
      await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: parts } }));
    });
    const received = createHash('sha256');
    await timed('4 GiB down', async () => {
      const answer = await fetch(await getSignedUrl(client, new GetObjectCommand(place)));
      if (answer.body === null) throw new Error('the answer has no body');
      for await (const piece of answer.body as AsyncIterable<Uint8Array>) received.update(piece);
    });
    const same = sent.digest('hex') === received.digest('hex');
    const memory = peak();
    console.log(`hashes ${same ? 'equal' : 'DIFFER'}; peak memory of the server ${(memory / 1e6).toFixed(0)} MB`);
    const passed = same && memory < MOST_MEMORY;
    console.log(passed ? '1 passed, 0 failed' : '0 passed, 1 failed');
    if (!passed) process.exitCode = 1;
  } finally {
    client.destroy();
    await server.stop();
    await folder.remove();
  }
}
