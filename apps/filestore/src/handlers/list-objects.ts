import { createHmac } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { requireAccess } from '../auth/principal.js';
import { sameSecret } from '../auth/sigv4.js';
import { NO_BYTES, toBytes, toText, uriEncode, type ByteString } from '../bytes.js';
import type { ObjectMeta } from '../disk/object-file.js';
import { sendXml, type Exchange, type Services } from '../http/exchange.js';
import { S3Error } from '../s3-error.js';
import { element, wrap, xmlDocument } from '../xml.js';

const MAX_KEYS = 1_000;
const YIELD_EVERY = 50;

/** Continuation tokens are only proofs of having come from here, not secrets. */
const TOKEN_KEY = 'rekall-filestore continuation';

function seal(marker: ByteString): string {
  const mac = createHmac('sha256', TOKEN_KEY).update(marker, 'latin1').digest('base64url').slice(0, 16);
  return `${mac}${Buffer.from(marker, 'latin1').toString('base64url')}`;
}

/** The position that a token stands for. @throws S3Error InvalidArgument */
function unseal(token: string): ByteString {
  const marker = Buffer.from(token.slice(16), 'base64url').toString('latin1') as ByteString;
  if (!sameSecret(token, seal(marker))) {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect.');
  }
  return marker;
}

interface Listing {
  readonly objects: readonly { readonly key: ByteString; readonly meta: ObjectMeta }[];
  readonly prefixes: readonly ByteString[];
  /** The last key or common prefix given, when there is more. */
  readonly next: ByteString | undefined;
}

interface Query {
  readonly prefix: ByteString;
  readonly after: ByteString;
  readonly delimiter: ByteString;
  readonly maxKeys: number;
}

async function collect({ store }: Services, query: Query): Promise<Listing> {
  const objects: { key: ByteString; meta: ObjectMeta }[] = [];
  const prefixes: ByteString[] = [];
  let last: ByteString | undefined;
  if (query.maxKeys === 0) return { objects, prefixes, next: undefined };
  for await (const found of store.list(query)) {
    if (objects.length + prefixes.length >= query.maxKeys) return { objects, prefixes, next: last };
    if (found.kind === 'prefix') {
      prefixes.push(found.key);
    } else {
      const meta = store.headListed(found.key, found.path);
      if (meta === undefined) continue; // deleted meanwhile
      objects.push({ key: found.key, meta });
    }
    last = found.key;
    if ((objects.length + prefixes.length) % YIELD_EVERY === 0) await setImmediate();
  }
  return { objects, prefixes, next: undefined };
}

/**
 * A bound of a listing, such as max-keys: 1,000 when it is not given, and never more than `most`.
 * @throws S3Error InvalidArgument
 */
export function parseLimit(name: string, text: string | undefined, most = MAX_KEYS): number {
  if (text === undefined || text === '') return MAX_KEYS;
  if (!/^\d{1,10}$/.test(text) || Number(text) > 2_147_483_647) {
    throw new S3Error('InvalidArgument', `${name} must be an integer between 0 and 2147483647.`, {
      elements: { ArgumentName: name, ArgumentValue: text },
    });
  }
  return Math.min(Number(text), most);
}

/** How keys are written in a listing. @throws S3Error InvalidArgument for another encoding-type than url */
export function parseEncoding(text: string | undefined): (bytes: ByteString) => string {
  if (text === undefined) return toText;
  if (text === 'url') return (bytes) => uriEncode(bytes, true);
  throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request.', {
    elements: { ArgumentName: 'encoding-type', ArgumentValue: text },
  });
}

function contents(listing: Listing, encode: (bytes: ByteString) => string, owner: boolean): string[] {
  return listing.objects.map(({ key, meta }) =>
    wrap(
      'Contents',
      element('Key', encode(key)),
      element('LastModified', new Date(meta.modified).toISOString()),
      element('ETag', `"${meta.etag}"`),
      ...(meta.checksum === undefined ? [] : [element('ChecksumAlgorithm', meta.checksum.algorithm.toUpperCase())]),
      element('Size', meta.size),
      ...(owner ? [wrap('Owner', element('ID', 'rekall'), element('DisplayName', 'rekall'))] : []),
      element('StorageClass', 'STANDARD'),
    ),
  );
}

/** ListObjectsV2, and ListObjects where `list-type` is not given. */
export async function listObjects(services: Services, { request, response, authenticated }: Exchange): Promise<void> {
  requireAccess(authenticated.principal, 'bucket', NO_BYTES, services.publicPrefix);
  const parameter = (name: string): string | undefined => request.query.get(name);
  const bytes = (name: string): ByteString => toBytes(parameter(name) ?? '');
  const listType = parameter('list-type');
  if (listType !== undefined && listType !== '2')
    throw new S3Error('InvalidArgument', 'Invalid List Type specified in Request.');
  const isV2 = listType === '2';
  const token = isV2 ? parameter('continuation-token') : undefined;
  if (token === '') throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect.');
  const start = bytes(isV2 ? 'start-after' : 'marker');
  const encode = parseEncoding(parameter('encoding-type'));
  const query: Query = {
    prefix: bytes('prefix'),
    after: token === undefined ? start : unseal(token),
    delimiter: bytes('delimiter'),
    maxKeys: parseLimit('max-keys', parameter('max-keys')),
  };
  const listing = await collect(services, query);
  const { next } = listing;
  const common = [
    element('Name', services.bucket),
    element('Prefix', encode(query.prefix)),
    element('MaxKeys', query.maxKeys),
    ...(query.delimiter === '' ? [] : [element('Delimiter', encode(query.delimiter))]),
    ...(parameter('encoding-type') === undefined ? [] : [element('EncodingType', 'url')]),
    element('IsTruncated', next !== undefined),
  ];
  const paging = isV2
    ? [
        element('KeyCount', listing.objects.length + listing.prefixes.length),
        ...(token === undefined ? [] : [element('ContinuationToken', token)]),
        ...(start === '' ? [] : [element('StartAfter', encode(start))]),
        ...(next === undefined ? [] : [element('NextContinuationToken', seal(next))]),
      ]
    : [
        element('Marker', encode(start)),
        ...(next === undefined || query.delimiter === '' ? [] : [element('NextMarker', encode(next))]),
      ];
  const withOwner = !isV2 || parameter('fetch-owner') === 'true';
  const prefixes = listing.prefixes.map((prefix) => wrap('CommonPrefixes', element('Prefix', encode(prefix))));
  sendXml(
    response,
    200,
    xmlDocument('ListBucketResult', ...common, ...paging, ...contents(listing, encode, withOwner), ...prefixes),
  );
}
