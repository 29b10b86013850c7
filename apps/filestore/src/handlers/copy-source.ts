import { createReadStream, closeSync } from 'node:fs';
import { cut, isValidUtf8, percentDecode, toText, type ByteString } from '../bytes.js';
import type { Incoming } from '../disk/incoming.js';
import type { ObjectMeta } from '../disk/object-file.js';
import { checkCopyCondition } from '../http/conditions.js';
import type { Exchange, Services } from '../http/exchange.js';
import { S3Error } from '../s3-error.js';

const PIECE = 512 * 1_024;

/** An object that is copied from, open. */
export interface CopySource {
  readonly key: ByteString;
  readonly meta: ObjectMeta;
  /**
   * Reads bytes `start` to `end` (both included) into what will be the copy; closes the source, so call it once.
   * @param each sees every piece
   */
  copyInto(incoming: Incoming, range?: { readonly start: number; readonly end: number }): Promise<void>;
  /** Closes it, if it was not copied. */
  close(): void;
}

function parseSource(header: string): { bucket: string; key: ByteString } {
  const [path = '', version] = header.split('?', 2);
  const bytes = percentDecode(path.replaceAll('+', '%20'));
  if (bytes === undefined || !isValidUtf8(bytes)) {
    throw new S3Error('InvalidArgument', 'x-amz-copy-source must be BUCKET/KEY, encoded as in a URL.');
  }
  if (version !== undefined && version !== 'versionId=null')
    throw new S3Error('NotImplemented', 'There are no versions.');
  const plain = bytes.startsWith('/') ? cut(bytes, 1) : bytes;
  const slash = plain.indexOf('/');
  if (slash < 1 || slash === plain.length - 1) {
    throw new S3Error('InvalidArgument', 'x-amz-copy-source must be BUCKET/KEY, encoded as in a URL.');
  }
  return { bucket: toText(cut(plain, 0, slash)), key: cut(plain, slash + 1) };
}

/**
 * Opens what `x-amz-copy-source` names, for the service only, under the conditions of `x-amz-copy-source-if-*`.
 * @throws S3Error AccessDenied, NoSuchBucket, NoSuchKey, PreconditionFailed, InvalidArgument
 */
export function openCopySource(services: Services, { request, authenticated }: Exchange): CopySource {
  if (authenticated.principal.kind !== 'service') throw new S3Error('AccessDenied', 'This access key may not copy.');
  const { bucket, key } = parseSource(request.amz.get('x-amz-copy-source') ?? '');
  if (bucket !== services.bucket) throw new S3Error('NoSuchBucket', undefined, { elements: { BucketName: bucket } });
  const opened = services.store.open(key);
  if (opened === undefined) throw new S3Error('NoSuchKey', undefined, { elements: { Key: toText(key) } });
  const { fd, meta } = opened;
  let open = true;
  const close = (): void => {
    if (open) closeSync(fd);
    open = false;
  };
  try {
    checkCopyCondition(request.amz, meta);
  } catch (error) {
    close();
    throw error;
  }
  return {
    key,
    meta,
    copyInto: async (incoming, range) => {
      const { start, end } = range ?? { start: 0, end: meta.size - 1 };
      if (end < start) return; // nothing to copy: an object of no bytes
      open = false; // the stream closes it
      for await (const piece of createReadStream('', { fd, start, end, highWaterMark: PIECE })) {
        await incoming.write(piece as Buffer);
      }
    },
    close,
  };
}
