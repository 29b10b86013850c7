import { describe, expect, it } from 'vitest';
import { DomainError } from './domain-error.js';
import { asUnavailable } from './unavailable.js';

describe('a database that is away', () => {
  it.each([
    'timeout exceeded when trying to connect',
    'Connection terminated due to connection timeout',
    'Connection terminated unexpectedly',
    'Connection terminated',
    'Query read timeout',
  ])('is told by what the driver says of it, however it is wrapped: %s', (said) => {
    for (const error of [new Error(said), new Error('a credential could not be checked', { cause: new Error(said) })]) {
      const seen = asUnavailable(error);
      expect([seen?.kind, seen?.code, seen?.options.retryAfterSeconds]).toEqual([
        'unavailable',
        'service/unavailable',
        5,
      ]);
    }
  });

  it.each([
    new Error('the text says: Connection terminated'),
    new Error('x'),
    new DomainError('invalid', 'request/invalid', 'Query read timeout'),
    'Query read timeout',
  ])('is not what merely speaks of it', (error) => {
    expect(asUnavailable(error)).toBeUndefined();
  });
});
