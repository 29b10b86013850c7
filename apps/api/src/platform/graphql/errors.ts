import { unwrapResolverError } from '@apollo/server/errors';
import { Logger } from '@nestjs/common';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { DomainError } from '../errors/domain-error.js';
import { asUnavailable } from '../errors/unavailable.js';
import { ERROR_TABLE } from '../errors/error-table.js';
import { stackOf } from '../errors/stack-of.js';

/** Apollo's codes for requests that are malformed. */
const MALFORMED: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

const logger = new Logger('errors');

const extensionsOf = ({ code, options }: DomainError): Record<string, unknown> => ({
  ...options.more,
  ...(options.errors === undefined ? {} : { errors: options.errors }),
  ...(options.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: options.retryAfterSeconds }),
  code,
});

/** A failure before execution as Apollo wants it, with the status that REST answers. */
export const asGraphqlError = (thrown: unknown): GraphQLError => {
  const error = asUnavailable(thrown) ?? thrown;
  if (error instanceof DomainError)
    return new GraphQLError(error.message, {
      originalError: error,
      extensions: { ...extensionsOf(error), http: { status: ERROR_TABLE[error.kind].status } },
    });
  if (error instanceof GraphQLError)
    return new GraphQLError(error.message, {
      originalError: error,
      extensions: { code: 'request/invalid', ...error.extensions, http: { status: 400 } },
    });
  throw thrown;
};

/** The code that we gave an error: it has a slash, as all of ours. */
const ownCode = (error: unknown): string | undefined => {
  if (!(error instanceof GraphQLError)) return undefined;
  const { code } = error.extensions;
  return typeof code === 'string' && code.includes('/') ? code : ownCode(error.originalError);
};

/** The same codes as REST in `extensions.code`; what nobody expected says nothing and goes to the log. */
export const formatError = (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
  const unwrapped = unwrapResolverError(error);
  const original = asUnavailable(unwrapped) ?? unwrapped;
  if (original instanceof DomainError)
    return { ...formatted, message: original.message, extensions: extensionsOf(original) };
  const code = ownCode(error);
  if (code !== undefined) return { ...formatted, extensions: { ...formatted.extensions, code } };
  if (MALFORMED.has(formatted.extensions?.['code'])) return { ...formatted, extensions: { code: 'request/invalid' } };
  logger.error(stackOf(original));
  const { path, locations } = formatted;
  return {
    message: 'Something went wrong on our side; the log has it.',
    ...(locations === undefined ? {} : { locations }),
    ...(path === undefined ? {} : { path }),
    extensions: { code: 'internal/error' },
  };
};
