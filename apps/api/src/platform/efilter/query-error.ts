import { type EfilterError, formatError, type Span } from '#efilter';
import { DomainError } from '../errors/domain-error.js';

/** A query in a request that is malformed, with its place: `start` and `end` are offsets into its text. */
export const malformedQuery = (error: EfilterError, text: string, pointer: string): DomainError =>
  new DomainError('invalid', 'efilter/parse', `The query at ${pointer} is not EFILTER:\n${formatError(error, text)}`, {
    errors: [{ pointer, code: 'efilter/parse', message: error.message }],
    more: { start: error.start, end: error.end },
    cause: error,
  });

/** A query in a request that is well formed and would fail; `shown` is the message as a person reads it. */
export const wrongQuery = (found: Span & { readonly message: string }, shown: string, pointer: string): DomainError =>
  new DomainError('invalid', 'efilter/check', `The query at ${pointer} would fail:\n${shown}`, {
    errors: [{ pointer, code: 'efilter/check', message: found.message }],
    more: { start: found.start, end: found.end },
  });
