import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

const timeOf = (value: unknown): string => {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value))) return value;
  throw new GraphQLError('DateTime: expected an ISO 8601 time with a zone, such as 2026-01-31T12:00:00Z');
};

/** ISO 8601 with a zone; what the server sends is UTC. */
export const DateTime = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  description: 'An ISO 8601 time with a zone, such as 2026-01-31T12:00:00Z',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize: timeOf,
  parseValue: timeOf,
  parseLiteral: (node: ValueNode) => timeOf(node.kind === Kind.STRING ? node.value : undefined),
});

const bigOf = (value: unknown): string => {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return String(value);
  if (typeof value === 'string' && /^-?\d{1,30}$/.test(value)) return value;
  throw new GraphQLError('BigInt: expected decimal digits in a string');
};

/** Counts and sizes that may exceed 2^53: decimal digits in a string, as over REST. */
export const BigInteger = new GraphQLScalarType<string, string>({
  name: 'BigInt',
  description: 'An integer as decimal digits in a string: counts and sizes may exceed 2^53',
  serialize: bigOf,
  parseValue: bigOf,
  parseLiteral: (node: ValueNode) => bigOf('value' in node ? node.value : undefined),
});

/** Any JSON value. */
export const Json = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'Any JSON value',
  serialize: (value: unknown) => value,
  parseValue: (value: unknown) => value,
  parseLiteral: (node: ValueNode, variables) => valueFromASTUntyped(node, variables),
});
