import { toText } from '../bytes.js';
import type { Upload } from '../disk/uploads.js';
import { parseRange } from '../http/conditions.js';
import { sendEmpty, sendXml, type Exchange, type Services } from '../http/exchange.js';
import { declaredSize, receive } from '../http/receive.js';
import { S3Error } from '../s3-error.js';
import { element, xmlDocument } from '../xml.js';
import { openCopySource } from './copy-source.js';

const MAX_PARTS = 10_000;
/** The largest part, bytes (5 GiB). */
const MAX_PART_BYTES = 5 * 2 ** 30;

/** The upload that a request names, which must be one of its key. @throws S3Error NoSuchUpload */
export function requireUpload({ store }: Services, { request }: Exchange): Upload {
  const id = request.query.get('uploadId') ?? '';
  const upload = store.uploads.find(id);
  if (upload?.key !== toText(request.key)) throw new S3Error('NoSuchUpload', undefined, { elements: { UploadId: id } });
  return upload;
}

function partNumber({ query }: Exchange['request']): number {
  const text = query.get('partNumber') ?? '';
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > MAX_PARTS) {
    throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive.', {
      elements: { ArgumentName: 'partNumber', ArgumentValue: text },
    });
  }
  return number;
}

/** UploadPart, and UploadPartCopy where a source is named. */
export async function uploadPart(services: Services, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const number = partNumber(request);
  const upload = requireUpload(services, exchange);
  if (request.amz.has('x-amz-copy-source')) {
    await copyPart(services, exchange, upload, number);
    return;
  }
  if (declaredSize(exchange) > MAX_PART_BYTES) throw new S3Error('EntityTooLarge');
  const incoming = services.store.incoming(declaredSize(exchange));
  try {
    const { md5, checksum } = await receive(exchange, incoming);
    const etag = md5.toString('hex');
    await keep(services, upload, number, { incoming, etag, checksum });
    sendEmpty(response, 200, {
      ETag: `"${etag}"`,
      ...(checksum === undefined ? {} : { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value }),
    });
  } finally {
    await incoming.discard();
  }
}

async function keep(
  { store, now }: Services,
  upload: Upload,
  number: number,
  part: {
    readonly incoming: ReturnType<typeof store.incoming>;
    readonly etag: string;
    readonly checksum?: { readonly algorithm: string; readonly value: string } | undefined;
  },
): Promise<void> {
  const { incoming, etag, checksum } = part;
  const expected = upload.checksum?.algorithm;
  if (checksum !== undefined && expected !== undefined && checksum.algorithm !== expected) {
    throw new S3Error('InvalidRequest', `This upload was begun with ${expected} checksums, not ${checksum.algorithm}.`);
  }
  const meta = { key: upload.key, size: incoming.size, modified: now(), etag, headers: {}, user: {} };
  const kept = await store.uploads.keepPart(
    upload.id,
    number,
    incoming,
    checksum === undefined ? meta : { ...meta, checksum: { ...checksum } },
  );
  if (!kept) throw new S3Error('NoSuchUpload', undefined, { elements: { UploadId: upload.id } });
}

async function copyPart(services: Services, exchange: Exchange, upload: Upload, number: number): Promise<void> {
  const source = openCopySource(services, exchange);
  const incoming = services.store.incoming(source.meta.size);
  try {
    const asked = exchange.request.amz.get('x-amz-copy-source-range');
    if (asked !== undefined && !/^bytes=\d{1,15}-\d{1,15}$/.test(asked)) {
      throw new S3Error('InvalidArgument', 'The x-amz-copy-source-range value must be of the form bytes=first-last.');
    }
    const range = asked === undefined ? undefined : parseRange(new Map([['range', asked]]), source.meta);
    if ((range === undefined ? source.meta.size : range.end - range.start + 1) > MAX_PART_BYTES) {
      throw new S3Error('EntityTooLarge');
    }
    await source.copyInto(incoming, range);
    const etag = (await incoming.digest()).toString('hex');
    await keep(services, upload, number, { incoming, etag });
    const xml = xmlDocument(
      'CopyPartResult',
      element('LastModified', new Date(services.now()).toISOString()),
      element('ETag', `"${etag}"`),
    );
    sendXml(exchange.response, 200, xml);
  } finally {
    source.close();
    await incoming.discard();
  }
}
