import { describe, expect, it } from 'vitest';
import { attachment, safeName } from './disposition.js';

const nameOf = (path: string | Uint8Array): string => safeName(Buffer.from(path));

describe('the name of a download', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['the last part of the path', '/etc/passwd', 'passwd'],
    ['of a folder', '/etc/ssl/', 'ssl'],
    ['of a Windows path', 'C:\\Users\\eve\\a.exe', 'a.exe'],
    ['of nothing', '/', 'file'],
    ['no way up', '/x/..', '_'],
    ['nothing hidden', '/home/eve/.bashrc', '_bashrc'],
    ['no quote, no line, no NUL', '/x/a"b\r\nSet-Cookie: c\0.txt', 'a_b__Set-Cookie_ c_.txt'],
    ['no name that reads backwards', '/x/invoice\u202Efdp.exe', 'invoice_fdp.exe'],
    ['bytes that are no text', Uint8Array.of(0x2f, 0x61, 0xff, 0xfe, 0x62), 'a__b'],
    ['letters of any language', '/x/Übersicht 日本.txt', 'Übersicht 日本.txt'],
    ['not longer than a file system takes', `/x/${'a'.repeat(4000)}`, 'a'.repeat(150)],
  ])('%s', (_what, path, expected) => {
    expect(nameOf(path)).toBe(expected);
  });

  it.each([
    ['passwd', 'attachment; filename="passwd"'],
    ['a b.txt', 'attachment; filename="a b.txt"'],
    ['100%.txt', `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`],
    [
      'Übersicht’(1)*.txt',
      `attachment; filename="_bersicht_(1)*.txt"; filename*=UTF-8''%C3%9Cbersicht%E2%80%99%281%29%2A.txt`,
    ],
  ])('%s as a header', (name, expected) => {
    expect(attachment(name)).toBe(expected);
  });
});
