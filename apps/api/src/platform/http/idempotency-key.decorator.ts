import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../errors/domain-error.js';

const FORM = /^[\x21-\x7e]{1,200}$/;

/** The header `Idempotency-Key`: 1 to 200 printable ASCII characters; undefined when it is not sent. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const value = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && FORM.test(value)) return value;
  throw new DomainError(
    'invalid',
    'request/idempotency-key',
    'Idempotency-Key: 1 to 200 printable ASCII characters without spaces.',
  );
});
