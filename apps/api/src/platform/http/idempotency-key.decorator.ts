import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../errors/domain-error.js';

const FORM = /^[\x21-\x7e]{1,200}$/;

/** A key as it may be: 1 to 200 printable ASCII characters; undefined when none is given. Else `request/idempotency-key`. */
export const idempotencyKey = (value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && FORM.test(value)) return value;
  throw new DomainError(
    'invalid',
    'request/idempotency-key',
    'Idempotency-Key: 1 to 200 printable ASCII characters without spaces.',
  );
};

/** The header `Idempotency-Key`. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined =>
  idempotencyKey(context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key']),
);
