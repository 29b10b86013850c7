import type { GivenMeta } from '../disk/store.js';
import { S3Error } from '../s3-error.js';

const MAX_USER_METADATA = 2_048;
const MAX_HEADER = 4_096;

/** Headers kept with an object and given back. */
const KEPT = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** `x-amz-*` parameters that a write may carry: handled elsewhere, or without meaning here. */
const KNOWN =
  /^x-amz-(?:content-sha256|decoded-content-length|trailer|user-agent|sdk-checksum-algorithm|checksum-[a-z0-9]+|request-payer|meta-.*)$/;

/** The default of S3. */
const DEFAULT_TYPE = 'binary/octet-stream';

function keptValue(name: string, value: string): string {
  if (value.length > MAX_HEADER || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new S3Error('InvalidArgument', `The value of ${name} cannot be sent as a header.`);
  }
  return value;
}

function checkAmz(name: string, value: string): void {
  switch (name) {
    case 'x-amz-acl':
      if (value === 'private' || value === 'bucket-owner-full-control') return;
      throw new S3Error('AccessControlListNotSupported');
    case 'x-amz-storage-class':
      if (value === 'STANDARD') return;
      break;
    default:
      if (KNOWN.test(name)) return;
  }
  throw new S3Error('NotImplemented', `${name} is not implemented.`);
}

/**
 * What the writer says of the object.
 * @param headers names in lower case
 * @param amz `x-amz-*` parameters
 * @throws S3Error NotImplemented, MetadataTooLarge, InvalidArgument, AccessControlListNotSupported
 */
export function givenMeta(
  headers: ReadonlyMap<string, string>,
  amz: ReadonlyMap<string, string>,
): Pick<GivenMeta, 'headers' | 'user'> {
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = headers.get(name);
    if (value !== undefined) kept[name] = keptValue(name, value);
  }
  const encoding = (kept['content-encoding'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part.toLowerCase() !== 'aws-chunked');
  delete kept['content-encoding'];
  if (encoding.length > 0) kept['content-encoding'] = encoding.join(',');
  if ((kept['content-type'] ?? '') === '') kept['content-type'] = DEFAULT_TYPE;
  const user: Record<string, string> = {};
  let userBytes = 0;
  for (const [name, value] of amz) {
    checkAmz(name, value);
    if (!name.startsWith('x-amz-meta-')) continue;
    const short = name.slice('x-amz-meta-'.length);
    if (!/^[a-z0-9!#$%&'*+\-.^_`|~]+$/.test(short))
      throw new S3Error('InvalidArgument', 'A metadata name is not a header name.');
    user[short] = keptValue(name, value);
    userBytes += short.length + value.length;
  }
  if (userBytes > MAX_USER_METADATA) throw new S3Error('MetadataTooLarge');
  return { headers: kept, user };
}
