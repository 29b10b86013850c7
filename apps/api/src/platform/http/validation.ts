import { type ArgumentMetadata, StandardSchemaValidationPipe } from '@nestjs/common';
import type { z } from 'zod';
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

interface Issue {
  readonly message: string;
  readonly path?: readonly PathPart[] | undefined;
}

/** `request/invalid` with all wrong fields, at most twenty. */
const malformed = (issues: readonly Issue[]): DomainError => {
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
};

/** A part of the path is a value of its own: what is wrong with it is said under its name. */
class NamingPipe extends StandardSchemaValidationPipe {
  override async transform<T = unknown>(value: T, metadata: ArgumentMetadata): Promise<T> {
    const { schema, type, data } = metadata;
    if (schema === undefined || type !== 'param' || data === undefined) return super.transform(value, metadata);
    const result = await schema['~standard'].validate(value);
    if (result.issues === undefined) return result.value as T;
    throw malformed(result.issues.map((issue) => ({ ...issue, path: [data, ...(issue.path ?? [])] })));
  }
}

/** Checks every argument that names a schema; the answer lists all wrong fields. */
export const validationPipe = (): StandardSchemaValidationPipe => new NamingPipe({ exceptionFactory: malformed });

/** Parses what came by another way than as an argument that names a schema. Throws `request/invalid`. */
export const parseInput = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw malformed(parsed.error.issues);
};

/** An object without the members that are null, which GraphQL has for nothing. Other values stay what they are. */
export const withoutNulls = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null))
    : value;
