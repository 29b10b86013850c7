import { describe, expect, it } from 'vitest';
import { element, parseXml } from './xml.js';

describe('element', () => {
  it('escapes markup and control characters', () => {
    expect(element('Key', 'a<b>&"\'\0\r\n')).toBe('<Key>a&#60;b&#62;&#38;&#34;&#39;&#0;&#13;\n</Key>');
  });
});

describe('parseXml', () => {
  const key = (text: string): unknown =>
    parseXml(`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>${text}</Key></Object></Delete>`);

  it('keeps texts exactly: spaces, numbers, references', () => {
    for (const [xml, text] of [
      [' a ', ' a '],
      ['007', '007'],
      ['1e3', '1e3'],
      ['true', 'true'],
      ['&lt;&amp;&gt;', '<&>'],
      ['a&#xD;b&#10;c', 'a\rb\nc'],
      ['&amp;lt;', '&lt;'],
      ['&#233;é', 'éé'],
    ] as const) {
      expect([xml, key(xml)]).toEqual([xml, { Delete: { Object: [{ Key: text }] } }]);
    }
  });

  it.each([
    '',
    'no',
    '<a>',
    '<a></b>',
    '<a><b></a></b>',
    '<a/><b/>',
    '<a>x<',
    '</a>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
  ])('refuses %j', (text) => {
    expect(() => parseXml(text)).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
  });
});
