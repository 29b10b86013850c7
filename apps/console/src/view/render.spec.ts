import { describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { hexdump } from './hexdump.js';
import { render } from './render.js';

const show = (text: string): string => render(Buffer.from(text)).text;

describe('a stored file', () => {
  it('of JSON is indented', () => {
    expect(show('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
  });

  it('that is signed has its header and payload unfolded, also inside of another', () => {
    const protectedHeader = Buffer.from('{"alg":"EdDSA","typ":"Spec"}').toString('base64url');
    const inner = { protected: protectedHeader, payload: '{"flow_id":"F_1"}', signature: 'AAAA' };
    const outer = { ...inner, payload: JSON.stringify({ entries: [{ spec: inner }] }) };
    expect(JSON.parse(show(JSON.stringify(outer)))).toEqual({
      protected: { alg: 'EdDSA', typ: 'Spec' },
      payload: {
        entries: [
          { spec: { protected: { alg: 'EdDSA', typ: 'Spec' }, payload: { flow_id: 'F_1' }, signature: 'AAAA' } },
        ],
      },
      signature: 'AAAA',
    });
  });

  it('that is packed is unpacked, JSON lines one by one', () => {
    const { text, notes } = render(gzipSync('{"a":1}\n{"b":2}\n'));
    expect(text).toBe('{\n  "a": 1\n}\n{\n  "b": 2\n}');
    expect(notes[0]).toMatch(/^unpacked from \d+ to 16 bytes$/);
  });

  it('of text is shown with what a terminal obeys escaped', () => {
    expect(show('hello\n\u001b[31mred\n')).toBe('hello\n\\x1b[31mred');
    expect(show('{ not JSON')).toBe('{ not JSON');
  });

  it('of anything else is a dump of its first 4 KiB', () => {
    expect(render(Buffer.from([0x41, 0x00, 0xff])).text).toBe(
      `00000000  41 00 ff                                          |A..|`,
    );
    const { text, notes } = render(Buffer.alloc(10_000));
    expect(text.split('\n')).toHaveLength(256);
    expect(notes).toContain('the first 4096 of 10000 bytes');
  });

  it('of SQLite is said to be one', () => {
    const { notes } = render(gzipSync(Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(100)])));
    expect(notes).toContain('an SQLite database: gunzip and sqlite3 read it');
  });

  it('that unpacks to too much, or is damaged, is refused', () => {
    expect(() => render(gzipSync(Buffer.alloc(65 * 1024 * 1024)))).toThrow(
      expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' }) as Error,
    );
    expect(() => render(gzipSync('hello').subarray(0, 15))).toThrow(/unexpected end of file/);
  });
});

describe('hexdump', () => {
  it('has 16 bytes a line, as hexdump -C', () => {
    expect(hexdump(Buffer.from('0123456789abcdefXYZ'))).toBe(
      [
        '00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|',
        '00000010  58 59 5a                                          |XYZ|',
      ].join('\n'),
    );
  });
});
