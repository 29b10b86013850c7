import type { ErrorKind } from './domain-error.js';

/** What each door answers for a kind. A new kind does not compile until it is here. */
export const ERROR_TABLE: Record<ErrorKind, { status: number; title: string }> = {
  unauthenticated: { status: 401, title: 'Sign in first' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  invalid: { status: 400, title: 'The request is malformed' },
  unprocessable: { status: 422, title: 'The request cannot be carried out' },
  conflict: { status: 409, title: 'Conflict with the present state' },
  precondition: { status: 412, title: 'The object has changed' },
  'too-large': { status: 413, title: 'Too large' },
  limited: { status: 429, title: 'Too many requests' },
  'resource-exceeded': { status: 422, title: 'Resource exceeded' },
  unavailable: { status: 503, title: 'Not available now' },
};
