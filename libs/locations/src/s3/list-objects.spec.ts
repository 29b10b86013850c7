import { describe, expect, it } from 'vitest';
import { StoreFailed } from '../errors.js';
import { decodeListedKey, parseListPage } from './list-objects.js';

const page = (inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
  `<Name>b</Name><EncodingType>url</EncodingType>${inner}</ListBucketResult>`;

describe('parseListPage', () => {
  it('reads objects, prefixes and the token, and undoes the escapes', async () => {
    const xml = page(
      '<IsTruncated>true</IsTruncated><NextContinuationToken>1&amp;2==</NextContinuationToken>' +
        '<Contents><Key>tickets/a%212e%2Bb+c%C3%A9</Key><LastModified>2026-03-01T10:00:00.000Z</LastModified>' +
        '<ETag>&quot;00ff&quot;</ETag><Size>12</Size></Contents>' +
        '<Contents><Key>007</Key><LastModified>2026-03-01T10:00:01Z</LastModified><ETag>&#34;1e3&#34;</ETag><Size>0</Size></Contents>' +
        '<CommonPrefixes><Prefix>tickets/x/</Prefix></CommonPrefixes>',
    );
    expect(await parseListPage(xml, 'LIST')).toEqual({
      objects: [
        { key: 'tickets/a!2e+b cé', size: 12, etag: '"00ff"', lastModified: new Date('2026-03-01T10:00:00Z') },
        { key: '007', size: 0, etag: '"1e3"', lastModified: new Date('2026-03-01T10:00:01Z') },
      ],
      prefixes: ['tickets/x/'],
      next: '1&2==',
    });
  });

  it('reads a whole page of a thousand', async () => {
    const one =
      '<Contents><Key>k</Key><LastModified>2026-03-01T10:00:00Z</LastModified><ETag>&#34;e&#34;</ETag><Size>1</Size></Contents>';
    const { objects } = await parseListPage(page(one.repeat(1000)), 'LIST');
    expect(objects).toHaveLength(1000);
    expect(objects[999]?.etag).toBe('"e"');
  });

  it('reads an empty page, which has no next', async () => {
    expect(await parseListPage(page('<IsTruncated>false</IsTruncated>'), 'LIST')).toEqual({
      objects: [],
      prefixes: [],
    });
  });

  it.each([
    ['something else', '<html><body>login</body></html>'],
    ['no XML', 'hello'],
    ['nothing', ''],
    [
      'a size that is none',
      page(
        '<Contents><Key>k</Key><LastModified>2026-03-01T10:00:00Z</LastModified><ETag>e</ETag><Size>-1</Size></Contents>',
      ),
    ],
    [
      'a time that is none',
      page('<Contents><Key>k</Key><LastModified>yesterday</LastModified><ETag>e</ETag><Size>1</Size></Contents>'),
    ],
  ])('refuses %s', async (_, xml) => {
    await expect(parseListPage(xml, 'LIST http://h/b')).rejects.toThrow(StoreFailed);
  });
});

describe('decodeListedKey', () => {
  it('shows bytes that are no UTF-8 by the replacement character and goes on', () => {
    expect(decodeListedKey('a%FFb')).toBe('a\uFFFDb');
    expect(decodeListedKey('%E2%82%AC%zz%')).toBe('€%zz%');
  });
});
