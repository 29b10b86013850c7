import { describe, expect, it } from 'vitest';
import { LocationConfigError } from './errors.js';
import { escapeKey, publicUrl } from './url.js';

describe('escapeKey', () => {
  it.each([
    ['C.0123456789abcdef/vfs/files/F_1/etc/passwd', 'C.0123456789abcdef/vfs/files/F_1/etc/passwd'],
    ['a!2eb/!long/x', 'a%212eb/%21long/x'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a b+c&d=e?f#g%h', 'a%20b%2Bc%26d%3De%3Ff%23g%25h'],
    ['~-_.', '~-_.'],
    ['é€😀', '%C3%A9%E2%82%AC%F0%9F%98%80'],
    ['a//b/', 'a//b/'],
    ['\\"<>^`{|}', '%5C%22%3C%3E%5E%60%7B%7C%7D'],
    ['\x00\x7f', '%00%7F'],
    [':@,;$[]', '%3A%40%2C%3B%24%5B%5D'],
  ])('writes %j as %j', (key, escaped) => {
    expect(escapeKey(key)).toBe(escaped);
  });

  it('leaves exactly the 66 unreserved bytes and the slash as they are', () => {
    const kept = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).filter(
      (character) => escapeKey(character) === character,
    );
    expect(kept.join('')).toBe('-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~');
  });
});

describe('publicUrl', () => {
  it('joins bucket and key with one slash and survives a URL parser byte for byte', () => {
    const url = publicUrl('http://127.0.0.1:9000/bucket/', 'public/00ff/jobs/a!2e');
    expect(url).toBe('http://127.0.0.1:9000/bucket/public/00ff/jobs/a%212e');
    expect(new URL(url).href).toBe(url);
  });

  it.each(['', '..', 'a/../b', 'a/.', './a'])('refuses %j, which a URL parser would change', (key) => {
    expect(() => publicUrl('http://h/b', key)).toThrow(LocationConfigError);
  });
});
