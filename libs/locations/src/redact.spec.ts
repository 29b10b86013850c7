import { describe, expect, it } from 'vitest';
import { StoreFailed } from './errors.js';
import { redact } from './redact.js';

describe('redact', () => {
  it.each([
    ['public/0123456789abcdef0123456789abcdef/manifest', 'public/***/manifest'],
    [
      'GET http://h:1/b/public/00ff00ff00ff00ff00ff00ff00ff00ff/jobs/aa: gone',
      'GET http://h:1/b/public/***/jobs/aa: gone',
    ],
    ['prefix=public%2F00ff00ff00ff00ff00ff00ff00ff00ff%2Fjobs', 'prefix=public%2F***%2Fjobs'],
    [
      '"public/00ff00ff00ff00ff00ff00ff00ff00ff" and public/00ff00ff00ff00ff00ff00ff00ff00ff',
      '"public/***" and public/***',
    ],
    ['C.00/vfs/files/F_1/public/index.html', 'C.00/vfs/files/F_1/public/index.html'],
    ['not-public/readme', 'not-public/readme'],
    [
      'http://h/k?X-Amz-Credential=AK%2F1&X-Amz-Signature=00ff&a=1',
      'http://h/k?X-Amz-Credential=***&X-Amz-Signature=***&a=1',
    ],
    ['proxy http://joe:secret@proxy:3128/', 'proxy http://***@proxy:3128/'],
    ['joe@example.org', 'joe@example.org'],
  ])('%j becomes %j', (text, redacted) => {
    expect(redact(text)).toBe(redacted);
  });

  it('is what every error of this library does with its message', () => {
    expect(
      new StoreFailed('GET http://h/b/public/00ff00ff00ff00ff00ff00ff00ff00ff/manifest failed', 500, '').message,
    ).toBe('GET http://h/b/public/***/manifest failed');
  });
});
