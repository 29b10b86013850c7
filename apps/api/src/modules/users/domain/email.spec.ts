import { describe, expect, it } from 'vitest';
import { normalEmail } from './email.js';

describe('an e-mail address', () => {
  it('is kept in lower case', () => {
    expect(normalEmail('Ann.Lee+1@Example.ORG')).toBe('ann.lee+1@example.org');
  });

  it.each([
    ['a Kelvin sign, which folds to k', '\u212Aim@example.org'],
    ['a Cyrillic a', '\u0430nn@example.org'],
    ['full-width letters, which NFKC makes ASCII', '\uFF41nn@example.org'],
    ['a combining mark', 'ann\u0301@example.org'],
    ['a zero-width space', 'ann\u200B@example.org'],
    ['a dotless i', 'ann@example.\u0131nfo'],
    ['a blank at the end', 'ann@example.org '],
    ['a line end', 'ann@example.org\n'],
    ['two @', 'ann@evil.org@example.org'],
    ['no domain', 'ann@'],
    ['a domain that begins with a hyphen', 'ann@-example.org'],
    ['255 characters', `${'a'.repeat(64)}@${'b'.repeat(190)}`],
  ])('is refused with %s', (_what, text) => {
    expect(normalEmail(text)).toBeUndefined();
  });

  it('of hostile length is judged at once', () => {
    expect(normalEmail(`a@${'a-'.repeat(500_000)}`)).toBeUndefined();
    expect(normalEmail(`a@${'a-'.repeat(120)}`)).toBeUndefined();
  });
});
