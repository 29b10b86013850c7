import { z } from 'zod';
import { StoreFailed } from '../errors.js';
import type { ListPage } from '../object-store.js';
import { takeContents } from './list-contents.js';

/** One page of ListObjectsV2 is at most this many bytes: 1,000 keys of 1,024 bytes, each escaped, fit. */
export const MAX_LIST_BYTES = 8 * 1024 * 1024;

const Time = z.string().transform((text, context) => {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return new Date(ms);
  context.addIssue('not a time');
  return z.NEVER;
});

const Page = z.object({
  ListBucketResult: z.object({
    EncodingType: z.string().optional(),
    IsTruncated: z.enum(['true', 'false']).optional(),
    NextContinuationToken: z.string().optional(),
    Contents: z
      .array(
        z.object({
          Key: z.string(),
          Size: z
            .string()
            .regex(/^\d{1,15}$/)
            .transform(Number),
          ETag: z.string(),
          LastModified: Time,
        }),
      )
      .default([]),
    CommonPrefixes: z.array(z.object({ Prefix: z.string() })).default([]),
  }),
});

/**
 * Undoes `encoding-type=url`. Keys are bytes to some engines: what is no UTF-8 is shown with U+FFFD, so that one
 * odd object cannot stop a listing; such a name is nobody's key and reads as missing.
 */
export const decodeListedKey = (text: string): string => {
  if (!/[%+]/.test(text)) return text;
  const raw = Buffer.from(text, 'utf8');
  const bytes: number[] = [];
  for (let i = 0; i < raw.length; i++) {
    const hex = raw[i] === 0x25 ? raw.toString('latin1', i + 1, i + 3) : '';
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else bytes.push(raw[i] === 0x2b ? 0x20 : raw.readUInt8(i));
  }
  return Buffer.from(bytes).toString('utf8');
};

/** Reads the answer to a ListObjectsV2 with `encoding-type=url`. Throws StoreFailed when it is none. */
export const parseListPage = async (xml: string, where: string): Promise<ListPage> => {
  const { XMLParser } = await import('fast-xml-parser');
  const parser = new XMLParser({
    parseTagValue: false,
    trimValues: false,
    ignoreDeclaration: true,
    htmlEntities: true, // numeric references: some stores write an ETag's quotes so
    isArray: (name) => name === 'Contents' || name === 'CommonPrefixes',
  });
  const taken = takeContents(xml); // most of a page, and much faster than by the parser
  const parsed = Page.safeParse(parser.parse(taken?.rest ?? xml));
  if (!parsed.success)
    throw new StoreFailed(
      `${where}: the answer is not a ListObjectsV2 page (${z.prettifyError(parsed.error)}); is this endpoint an S3 store?`,
      200,
      'not-a-listing',
    );
  const page = parsed.data.ListBucketResult;
  const decode = page.EncodingType === 'url' ? decodeListedKey : (text: string): string => text;
  const read = page.Contents.map((item) => ({
    key: item.Key,
    size: item.Size,
    etag: item.ETag,
    lastModified: item.LastModified,
  }));
  return {
    objects: (taken?.objects ?? read).map((object) => ({ ...object, key: decode(object.key) })),
    prefixes: page.CommonPrefixes.map((item) => decode(item.Prefix)),
    ...(page.IsTruncated === 'true' && page.NextContinuationToken !== undefined
      ? { next: page.NextContinuationToken }
      : {}),
  };
};
