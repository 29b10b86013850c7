import { BadReadRequest, CollectionRefused, ResourceExceeded, WhereFailed } from '#collections/reader';
import { EvidenceChanged, TooLarge } from '#locations';
import { DomainError } from '../../platform/errors/domain-error.js';

/** What reading evidence may run into, as its caller sees it; anything else stays what it is. */
export const asDomainError = (error: unknown): unknown => {
  if (error instanceof WhereFailed)
    return new DomainError('invalid', error.kind === 'parse' ? 'efilter/parse' : 'efilter/eval', error.message, {
      errors: [{ pointer: '/where', code: `efilter/${error.kind}`, message: error.message }],
      more: { start: error.start, end: error.end },
      cause: error,
    });
  if (error instanceof ResourceExceeded)
    return new DomainError('resource-exceeded', 'collection/resource-exceeded', error.message, {
      more: { resource: error.resource },
      cause: error,
    });
  if (error instanceof CollectionRefused)
    return new DomainError(
      'unprocessable',
      `collection/${error.reason}`,
      `The file is not read as a collection: ${error.message}`,
      { cause: error },
    );
  if (error instanceof BadReadRequest)
    return new DomainError('invalid', 'collection/bad-request', error.message, { cause: error });
  if (error instanceof EvidenceChanged)
    return new DomainError('conflict', 'collection/evidence-changed', error.message, { cause: error });
  if (error instanceof TooLarge)
    return new DomainError('unprocessable', 'collection/too-large', error.message, { cause: error });
  return error;
};
