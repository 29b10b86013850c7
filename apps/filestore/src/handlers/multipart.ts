import { toBytes, toText, uriEncode, type ByteString } from '../bytes.js';
import type { Upload, UploadRecord } from '../disk/uploads.js';
import { CHECKSUM_ALGORITHMS } from '../http/checksums.js';
import { sendEmpty, sendXml, type Exchange, type Services } from '../http/exchange.js';
import { givenMeta } from '../http/given-meta.js';
import { S3Error } from '../s3-error.js';
import { element, wrap, xmlDocument } from '../xml.js';
import { parseEncoding, parseLimit } from './list-objects.js';
import { requireUpload } from './multipart-parts.js';

const OWNER = element('ID', 'rekall') + element('DisplayName', 'rekall');
const WHO = [wrap('Initiator', OWNER), wrap('Owner', OWNER), element('StorageClass', 'STANDARD')];

/** The checksums that the parts will have. @throws S3Error InvalidRequest */
function askedChecksum({ amz }: Exchange['request']): UploadRecord['checksum'] {
  const algorithm = amz.get('x-amz-checksum-algorithm')?.toLowerCase();
  const type = amz.get('x-amz-checksum-type')?.toUpperCase();
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error('InvalidRequest', 'x-amz-checksum-type needs x-amz-checksum-algorithm.');
  }
  if (!CHECKSUM_ALGORITHMS.some((known) => known === algorithm)) {
    throw new S3Error('InvalidRequest', `Checksum algorithm provided is unsupported: ${algorithm}.`);
  }
  const usual = algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE';
  const chosen = type ?? usual;
  const possible = chosen === usual || (chosen === 'FULL_OBJECT' && algorithm.startsWith('crc'));
  if ((chosen !== 'COMPOSITE' && chosen !== 'FULL_OBJECT') || !possible) {
    throw new S3Error('InvalidRequest', `The checksum type ${chosen} cannot be used with ${algorithm}.`);
  }
  return { algorithm, type: chosen };
}

/** CreateMultipartUpload. */
export async function createUpload({ store, bucket }: Services, { request, response }: Exchange): Promise<void> {
  const checksum = askedChecksum(request);
  const key = toText(request.key);
  const given = givenMeta(request.headers, request.amz);
  const upload = await store.uploads.create({ key, ...given, ...(checksum === undefined ? {} : { checksum }) });
  const headers: Record<string, string> =
    checksum === undefined
      ? {}
      : { 'x-amz-checksum-algorithm': checksum.algorithm.toUpperCase(), 'x-amz-checksum-type': checksum.type };
  const inner = [element('Bucket', bucket), element('Key', key), element('UploadId', upload.id)];
  sendXml(response, 200, xmlDocument('InitiateMultipartUploadResult', ...inner), headers);
}

/** AbortMultipartUpload: the parts are gone when it is answered. */
export async function abortUpload(services: Services, exchange: Exchange): Promise<void> {
  const { uploads } = services.store;
  await uploads.ending(exchange.request.query.get('uploadId') ?? '', () =>
    uploads.remove(requireUpload(services, exchange).id),
  );
  sendEmpty(exchange.response, 204);
}

/** ListParts. */
export async function listParts(services: Services, exchange: Exchange): Promise<void> {
  const { query } = exchange.request;
  const upload = requireUpload(services, exchange);
  const max = parseLimit('max-parts', query.get('max-parts'));
  const after = parseLimit('part-number-marker', query.get('part-number-marker') ?? '0', 10_000);
  const rest = (await services.store.uploads.parts(upload.id)).filter(({ number }) => number > after);
  const page = rest.slice(0, max);
  const parts = page.map(({ number, meta }) =>
    wrap(
      'Part',
      element('PartNumber', number),
      element('LastModified', new Date(meta.modified).toISOString()),
      element('ETag', `"${meta.etag}"`),
      element('Size', meta.size),
      ...(meta.checksum === undefined
        ? []
        : [element(`Checksum${meta.checksum.algorithm.toUpperCase()}`, meta.checksum.value)]),
    ),
  );
  const head = [
    element('Bucket', services.bucket),
    element('Key', upload.key),
    element('UploadId', upload.id),
    ...WHO,
    element('PartNumberMarker', after),
    element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
    element('MaxParts', max),
    element('IsTruncated', page.length < rest.length),
  ];
  sendXml(exchange.response, 200, xmlDocument('ListPartsResult', ...head, ...parts));
}

/** Key order in bytes, then the order in which uploads were begun, then their ids. */
function inOrder(a: { upload: Upload; key: ByteString }, b: { upload: Upload; key: ByteString }): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  if (a.upload.initiated !== b.upload.initiated) return a.upload.initiated - b.upload.initiated;
  return a.upload.id < b.upload.id ? -1 : 1;
}

/** ListMultipartUploads. */
export async function listUploads({ store, bucket }: Services, { request, response }: Exchange): Promise<void> {
  const bytes = (name: string): ByteString => toBytes(request.query.get(name) ?? '');
  const [prefix, delimiter, keyMarker] = [bytes('prefix'), bytes('delimiter'), bytes('key-marker')];
  const idMarker = request.query.get('upload-id-marker') ?? '';
  const encode = parseEncoding(request.query.get('encoding-type'));
  const max = parseLimit('max-uploads', request.query.get('max-uploads'));
  const matching = (await store.uploads.all())
    .map((upload) => ({ upload, key: toBytes(upload.key) }))
    .filter(({ key }) => key.startsWith(prefix))
    .toSorted(inOrder);
  const begin = matching.findIndex(({ upload }) => idMarker !== '' && upload.id === idMarker) + 1;
  const after = matching.slice(begin).filter(({ key }) => begin > 0 || keyMarker === '' || key > keyMarker);
  const items: { text: string; key: ByteString; id: string }[] = [];
  for (const { upload, key } of after) {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = at < 0 ? undefined : (key.slice(0, at + delimiter.length) as ByteString);
    if (common !== undefined && (items.at(-1)?.key === common || keyMarker.startsWith(common))) continue;
    const text =
      common === undefined
        ? wrap(
            'Upload',
            element('Key', encode(key)),
            element('UploadId', upload.id),
            ...WHO,
            element('Initiated', new Date(upload.initiated).toISOString()),
          )
        : wrap('CommonPrefixes', element('Prefix', encode(common)));
    items.push({ text, key: common ?? key, id: common === undefined ? upload.id : '' });
    if (items.length > max) break;
  }
  const page = items.slice(0, max);
  const last = page.at(-1);
  const head = [
    element('Bucket', bucket),
    element('KeyMarker', encode(keyMarker)),
    element('UploadIdMarker', idMarker),
    ...(items.length > max && last !== undefined
      ? [element('NextKeyMarker', encode(last.key)), element('NextUploadIdMarker', last.id)]
      : []),
    element('Prefix', encode(prefix)),
    ...(delimiter === '' ? [] : [element('Delimiter', uriEncode(delimiter, true))]),
    element('MaxUploads', max),
    element('IsTruncated', items.length > max),
  ];
  sendXml(response, 200, xmlDocument('ListMultipartUploadsResult', ...head, ...page.map(({ text }) => text)));
}
