import { DomainError } from '../errors/domain-error.js';

/** Postgres keeps no NUL; a lone surrogate is no character, and turns into another one on its way. */
const isSound = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** The pointer of the first text within a value that is not sound; keys count as texts. */
const unsoundAt = (value: unknown, pointer: string): string | undefined => {
  if (typeof value === 'string') return isSound(value) ? undefined : pointer;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (!isSound(key)) return pointer;
    const found = unsoundAt(inner, `${pointer}/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Refuses a request that holds a lone surrogate or a NUL anywhere in what was parsed. */
export const requireSoundText = (request: { body: unknown; query: unknown; params: unknown }): void => {
  const pointer = unsoundAt(request.params, '') ?? unsoundAt(request.query, '') ?? unsoundAt(request.body, '');
  if (pointer === undefined) return;
  const message = 'holds a NUL or half of a surrogate pair, which is no text';
  throw new DomainError('invalid', 'request/invalid', `The request is malformed at ${pointer}: ${message}`, {
    errors: [{ pointer, code: 'request/invalid-field', message }],
  });
};
