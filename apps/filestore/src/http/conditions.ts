import type { ObjectMeta } from '../disk/object-file.js';
import { S3Error } from '../s3-error.js';

type Headers = ReadonlyMap<string, string>;

interface Tag {
  readonly weak: boolean;
  readonly value: string;
}

/** The tags of an If-Match or If-None-Match header; tags without quotes are taken as AWS takes them. */
function parseTags(header: string): readonly Tag[] | '*' {
  const text = header.trim();
  if (text === '*') return '*';
  return [...text.matchAll(/(W\/)?(?:"([^"]*)"|([^",\s]+))/g)].map(([, weak, quoted, bare]) => ({
    weak: weak !== undefined,
    value: quoted ?? bare ?? '',
  }));
}

function anyMatches(header: string, etag: string, allowWeak: boolean): boolean {
  const tags = parseTags(header);
  return tags === '*' || tags.some((tag) => tag.value === etag && (allowWeak || !tag.weak));
}

/** An HTTP date in seconds; undefined for what is none (such a header is ignored). */
function seconds(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const time = Date.parse(header);
  return Number.isNaN(time) ? undefined : Math.floor(time / 1_000);
}

/**
 * Weighs the conditions of a GET or HEAD in the order of RFC 9110, section 13.2.2.
 * @returns whether to answer 304
 * @throws S3Error PreconditionFailed
 */
export function isNotModified(headers: Headers, { etag, modified }: ObjectMeta): boolean {
  const changed = Math.floor(modified / 1_000);
  const ifMatch = headers.get('if-match');
  const unmodifiedSince = seconds(headers.get('if-unmodified-since'));
  if (ifMatch !== undefined) {
    if (!anyMatches(ifMatch, etag, false)) throw preconditionFailed('If-Match');
  } else if (unmodifiedSince !== undefined && changed > unmodifiedSince) {
    throw preconditionFailed('If-Unmodified-Since');
  }
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== undefined) return anyMatches(ifNoneMatch, etag, true);
  const modifiedSince = seconds(headers.get('if-modified-since'));
  return modifiedSince !== undefined && changed <= modifiedSince;
}

/**
 * Weighs the `x-amz-copy-source-if-*` conditions of a copy.
 * @throws S3Error PreconditionFailed
 */
export function checkCopyCondition(amz: Headers, meta: ObjectMeta): void {
  const prefix = 'x-amz-copy-source-';
  const conditions = new Map(
    [...amz].flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [])),
  );
  if (isNotModified(conditions, meta)) throw preconditionFailed('x-amz-copy-source-If-None-Match');
}

/** The condition of a PUT or DELETE. */
export interface WriteCondition {
  /** `If-None-Match: *`. */
  readonly onlyNew: boolean;
  /** The value of If-Match. */
  readonly ifMatch: string | undefined;
}

/**
 * Reads the condition of a write.
 * @throws S3Error NotImplemented for those that S3 does not have for writes
 */
export function writeCondition(headers: Headers): WriteCondition {
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw new S3Error('NotImplemented', 'A write takes If-None-Match with * only.');
  }
  for (const name of ['if-modified-since', 'if-unmodified-since']) {
    if (headers.has(name)) throw new S3Error('NotImplemented', `A write does not take ${name}.`);
  }
  return { onlyNew: ifNoneMatch !== undefined, ifMatch: headers.get('if-match') };
}

/** @throws S3Error PreconditionFailed, or NoSuchKey when If-Match was given and nothing is there */
export function checkWriteCondition({ onlyNew, ifMatch }: WriteCondition, present: ObjectMeta | undefined): void {
  if (onlyNew && present !== undefined) throw preconditionFailed('If-None-Match');
  if (ifMatch === undefined) return;
  if (present === undefined) throw new S3Error('NoSuchKey');
  if (!anyMatches(ifMatch, present.etag, false)) throw preconditionFailed('If-Match');
}

/** 412, naming the condition. */
export function preconditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', undefined, { elements: { Condition: condition } });
}

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The range asked for; undefined when the whole is to be sent (no range, one that is not understood, several, or an
 * If-Range that does not hold).
 * @throws S3Error InvalidRange
 */
export function parseRange(headers: Headers, { size, etag, modified }: ObjectMeta): ByteRange | undefined {
  const match = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(headers.get('range') ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  const ifRange = headers.get('if-range');
  if (ifRange !== undefined && ifRange !== `"${etag}"` && seconds(ifRange) !== Math.floor(modified / 1_000))
    return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start >= size || (first === '' && Number(last) === 0)) {
    throw new S3Error('InvalidRange', undefined, {
      elements: { ActualObjectSize: String(size) },
      headers: { 'Content-Range': `bytes */${String(size)}` },
    });
  }
  return { start, end };
}
