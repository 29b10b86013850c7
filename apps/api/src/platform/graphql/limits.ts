import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  visit,
  type ASTVisitor,
  type DocumentNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { type ComplexityEstimator, getComplexity } from 'graphql-query-complexity';
import type { ApolloServerPlugin } from '@apollo/server';
import { DomainError } from '../errors/domain-error.js';
import { asGraphqlError } from './errors.js';

/** What a request may be at most; all of it is checked before anything runs. */
export const GRAPHQL_LIMITS = {
  /** bytes of a request */
  body: 256 * 1024,
  tokens: 2000,
  depth: 15,
  aliases: 30,
  rootFields: 20,
  /** selections, each fragment counted wherever it is spread */
  selections: 5000,
  /** objects that an answer may have: an object is 1, times `first` of each connection around it */
  cost: 20_000,
  first: 1000,
} as const;

/** Fields that cost more than an object: a reader process each. */
const READS: ReadonlySet<string> = new Set(['Hunt.rows', 'Collection.rows']);
const READ_COST = 500;

const tooComplex = (what: string): GraphQLError =>
  new GraphQLError(what, { extensions: { code: 'request/too-complex' } });

const isIntrospection = (name: string): boolean => name === '__schema' || name === '__type';

/** Depth of a document and the fields at its root, each fragment looked at once, whatever spreads it. */
const shapeOf = (document: DocumentNode): { depth: number; rootFields: number; changes: number } => {
  const fragments = new Map(
    document.definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d.selectionSet]] : [])),
  );
  const known = new Map<string, { depth: number; fields: number }>();
  const ofFragment = (name: string): { depth: number; fields: number } => {
    const before = known.get(name);
    if (before !== undefined) return before;
    known.set(name, { depth: 0, fields: 0 }); // a cycle is refused by another rule
    const set = fragments.get(name);
    const found = set === undefined ? { depth: 0, fields: 0 } : of(set);
    known.set(name, found);
    return found;
  };
  const of = (set: SelectionSetNode): { depth: number; fields: number } => {
    let depth = 0;
    let fields = 0;
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        fields++;
        if (isIntrospection(node.name.value)) continue; // graphql-js limits its depth itself
        depth = Math.max(depth, 1 + (node.selectionSet === undefined ? 0 : of(node.selectionSet).depth));
      } else {
        const inner = node.kind === Kind.INLINE_FRAGMENT ? of(node.selectionSet) : ofFragment(node.name.value);
        depth = Math.max(depth, inner.depth);
        fields += inner.fields;
      }
    }
    return { depth, fields };
  };
  const operations = document.definitions.flatMap((d) =>
    d.kind === Kind.OPERATION_DEFINITION
      ? [{ ...of(d.selectionSet), changes: d.operation === OperationTypeNode.MUTATION }]
      : [],
  );
  return {
    depth: Math.max(0, ...operations.map((o) => o.depth)),
    rootFields: operations.reduce((sum, o) => sum + o.fields, 0),
    changes: operations.reduce((sum, o) => sum + (o.changes ? o.fields : 0), 0),
  };
};

/**
 * One operation with one change at most, as it has one event in the audit log; not too deep, not too wide, not too many
 * aliases; and no NUL, which is no text for Postgres.
 */
export const shapeRule = (context: ValidationContext): ASTVisitor => ({
  Document: {
    enter(document) {
      const { depth, aliases, rootFields } = GRAPHQL_LIMITS;
      const operations = document.definitions.filter((d) => d.kind === Kind.OPERATION_DEFINITION);
      if (operations.length > 1)
        context.reportError(tooComplex(`One operation a request; this one has ${operations.length}.`));
      const shape = shapeOf(document);
      if (shape.changes > 1) context.reportError(tooComplex(`One change a request; this one has ${shape.changes}.`));
      if (shape.depth > depth)
        context.reportError(tooComplex(`The query is ${shape.depth} levels deep; at most ${depth} are answered.`));
      if (shape.rootFields > rootFields)
        context.reportError(tooComplex(`The query has ${shape.rootFields} fields at its root; at most ${rootFields}.`));
      let named = 0;
      visit(document, {
        Field(node) {
          if (node.alias !== undefined) named++;
        },
        StringValue(node) {
          if (node.value.includes('\0'))
            context.reportError(
              new GraphQLError('A text holds a NUL, which is no text.', {
                nodes: node,
                extensions: { code: 'request/invalid' },
              }),
            );
        },
      });
      if (named > aliases)
        context.reportError(tooComplex(`The query has ${named} aliases; at most ${aliases} are answered.`));
    },
  },
});

const estimate: ComplexityEstimator = ({ type, field, args, childComplexity, node }) => {
  if (node.selectionSet === undefined) return 0;
  const { first } = args as { first?: unknown };
  if (first === undefined) return 1 + childComplexity;
  if (typeof first !== 'number' || first < 1 || first > GRAPHQL_LIMITS.first)
    throw new DomainError('invalid', 'request/invalid', `${field.name}: first is from 1 to ${GRAPHQL_LIMITS.first}.`, {
      errors: [{ pointer: '/first', code: 'request/invalid-field', message: `from 1 to ${GRAPHQL_LIMITS.first}` }],
    });
  if (READS.has(`${type.name}.${field.name}`)) return READ_COST;
  return 1 + first * Math.max(1, childComplexity);
};

/**
 * Refuses an operation that would cost too much, with its variables known and before anything of it runs; what it may cost
 * is in the answer, as `extensions.cost`.
 */
export const costLimit: ApolloServerPlugin = {
  requestDidStart: () => {
    let cost: number | undefined;
    return Promise.resolve({
      didResolveOperation: ({ schema, document, request, operationName }) => {
        try {
          cost = getComplexity({
            schema,
            query: document,
            variables: request.variables ?? {},
            ...(operationName === null ? {} : { operationName }),
            estimators: [estimate],
            maxQueryNodes: GRAPHQL_LIMITS.selections,
          });
          if (cost > GRAPHQL_LIMITS.cost)
            throw new DomainError(
              'invalid',
              'request/too-complex',
              `The query costs up to ${cost}; at most ${GRAPHQL_LIMITS.cost} is answered. Ask for fewer with first, or in several requests.`,
              { more: { cost, limit: GRAPHQL_LIMITS.cost } },
            );
        } catch (error) {
          throw asGraphqlError(error);
        }
        return Promise.resolve();
      },
      willSendResponse: ({ response: { body } }) => {
        if (cost !== undefined && body.kind === 'single')
          body.singleResult.extensions = {
            ...body.singleResult.extensions,
            cost: { requested: cost, limit: GRAPHQL_LIMITS.cost },
          };
        return Promise.resolve();
      },
    });
  },
};
