import { describe, expect, it } from 'vitest';
import { takeContents } from './list-contents.js';
import { parseListPage } from './list-objects.js';

const object = (key: string, more = ''): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-03-01T10:00:00.000Z</LastModified><ETag>&quot;e1&quot;</ETag><Size>3</Size>${more}</Contents>`;
const page = (inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix/>${inner}</ListBucketResult>`;
const read = { size: 3, etag: '"e1"', lastModified: new Date('2026-03-01T10:00:00Z') };

describe('takeContents', () => {
  it('takes plain objects and leaves the rest of the page', () => {
    const xml = page(
      `${object('a')}\n  ${object('b&amp;c', '<StorageClass>STANDARD</StorageClass>')}<KeyCount>2</KeyCount>`,
    );
    expect(takeContents(xml)).toEqual({
      objects: [
        { key: 'a', ...read },
        { key: 'b&c', ...read },
      ],
      rest: page('<KeyCount>2</KeyCount>'),
    });
  });

  it.each([
    ['a comment', page(`<!-- ${object('hidden')} -->${object('a')}`)],
    ['a section', page(object('<![CDATA[a]]>'))],
    [
      'a document type',
      page(object('a')).replace('<ListBucketResult', '<!DOCTYPE x [<!ENTITY k "v">]><ListBucketResult'),
    ],
    ['an instruction inside', page(`<?x ${object('hidden')}?>${object('a')}`)],
    ['a reference that is not usual', page(object('a&#x41;'))],
    ['a field twice', page(object('a', '<Key>b</Key>'))],
    ['an element inside a field', page(object('a<b/>'))],
    ['objects inside something else', page(`<Other>${object('hidden')}</Other>`)],
    ['objects apart from each other', page(`${object('a')}<KeyCount>2</KeyCount>${object('b')}`)],
    ['an attribute', page(object('a').replace('<Contents>', '<Contents x="1">'))],
    ['a name of a namespace', page(object('a')).replaceAll('Contents>', 's3:Contents>')],
    ['another root', `<Other>${object('a')}</Other>`],
    ['a size that is none', page(object('a').replace('<Size>3<', '<Size>-3<'))],
    ['a time that is none', page(object('a').replace('2026-03-01T10:00:00.000Z', 'yesterday'))],
  ])('leaves a page with %s to the parser', (_, xml) => {
    expect(takeContents(xml)).toBeUndefined();
  });
});

describe('parseListPage', () => {
  it.each([
    ['objects with owners', page(object('a', '<Owner><ID>1</ID><DisplayName>x</DisplayName></Owner>')), ['a']],
    ['a comment around an object', page(`<!-- ${object('hidden')} -->${object('a')}`), ['a']],
    ['objects apart from each other', page(`${object('a')}<KeyCount>2</KeyCount>${object('b')}`), ['a', 'b']],
    ['objects inside something else', page(`<Other>${object('hidden')}</Other>`), []],
    ['a numeric reference', page(object('a&#x41;')), ['aA']],
  ])('reads %s by the parser', async (_, xml, keys) => {
    const { objects } = await parseListPage(xml, 'LIST');
    expect(objects).toEqual(keys.map((key) => ({ key, ...read })));
  });
});
