import { StandardSchemaValidationPipe } from '@nestjs/common';
import { DomainError, type FieldError } from '../errors/domain-error.js';

type PathPart = PropertyKey | { key: PropertyKey };

/** A path of a schema issue as an RFC 6901 pointer. */
const pointer = (path: readonly PathPart[] | undefined): string =>
  (path ?? [])
    .map((part) =>
      String(typeof part === 'object' ? part.key : part)
        .replace(/~/g, '~0')
        .replace(/\//g, '~1'),
    )
    .map((part) => `/${part}`)
    .join('');

/** Checks every argument that names a schema; the answer lists all wrong fields, at most twenty. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const errors: FieldError[] = issues
        .slice(0, 20)
        .map((issue) => ({ pointer: pointer(issue.path), code: 'request/invalid-field', message: issue.message }));
      const first = errors[0];
      const where = first === undefined || first.pointer === '' ? '' : ` at ${first.pointer}`;
      return new DomainError(
        'invalid',
        'request/invalid',
        `The request is malformed${where}: ${first?.message ?? 'see errors'}`,
        { errors },
      );
    },
  });
