import { DomainError } from '../errors/domain-error.js';

/** Postgres keeps no NUL; a lone surrogate is no character, and turns into another one on its way. */
const isSound = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Deeper than any request of ours: what follows walks it and must not run out of stack. */
const MAX_DEPTH = 64;

/** The pointer of the first text within a value that is not sound; keys count as texts. Goes no deeper than allowed. */
const unsoundAt = (root: unknown): string | undefined => {
  const waiting: { value: unknown; pointer: string; depth: number }[] = [{ value: root, pointer: '', depth: 0 }];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const { value, pointer, depth } = at;
    if (typeof value === 'string' && !isSound(value)) return pointer;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH)
      throw new DomainError('invalid', 'request/too-deep', `The request nests deeper than ${MAX_DEPTH} levels.`);
    for (const [key, inner] of Object.entries(value)) {
      if (!isSound(key)) return pointer;
      const name = key.replace(/~/g, '~0').replace(/\//g, '~1');
      waiting.push({ value: inner, pointer: `${pointer}/${name}`, depth: depth + 1 });
    }
  }
  return undefined;
};

/** Refuses a request that holds a lone surrogate or a NUL anywhere in what was parsed. */
export const requireSoundText = (request: { body: unknown; query: unknown; params: unknown }): void => {
  const pointer = unsoundAt(request.params) ?? unsoundAt(request.query) ?? unsoundAt(request.body);
  if (pointer === undefined) return;
  const message = 'holds a NUL or half of a surrogate pair, which is no text';
  throw new DomainError('invalid', 'request/invalid', `The request is malformed at ${pointer}: ${message}`, {
    errors: [{ pointer, code: 'request/invalid-field', message }],
  });
};
