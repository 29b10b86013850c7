import { ApolloServer, type ApolloServerOptions, type BaseContext } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import {
  type ApolloFastifyContextFunction,
  fastifyApolloDrainPlugin,
  fastifyApolloHandler,
} from '@as-integrations/fastify';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { formatError } from './errors.js';
import { costLimit, GRAPHQL_LIMITS, shapeRule } from './limits.js';

/** Where the GraphQL door is. */
export const GRAPHQL_PATH = '/graphql';

const SETTINGS = {
  introspection: true, // only for who is signed in: see the context
  csrfPrevention: true,
  allowBatchedHttpRequests: false,
  includeStacktraceInErrorResponses: false,
  persistedQueries: false,
  stopOnTerminationSignals: false,
  parseOptions: { maxLexicalTokens: GRAPHQL_LIMITS.tokens },
  maxRecursiveSelections: GRAPHQL_LIMITS.selections,
  validationRules: [shapeRule],
  formatError,
} satisfies Partial<ApolloServerOptions<BaseContext>>;

/** Nest's driver, but for its door: that answers GET too, and a link must not be able to ask anything. */
@Injectable()
export class PostOnlyDriver extends ApolloDriver {
  protected override async registerFastify({ schema, context }: ApolloDriverConfig): Promise<void> {
    if (schema === undefined) throw new Error('the GraphQL schema was not generated');
    const fastify = this.httpAdapterHost.httpAdapter.getInstance<FastifyInstance>();
    const plugins = [costLimit, ApolloServerPluginLandingPageDisabled(), fastifyApolloDrainPlugin(fastify)];
    const server = new ApolloServer({ ...SETTINGS, schema, plugins });
    await server.start();
    fastify.route({
      url: GRAPHQL_PATH,
      method: 'POST',
      bodyLimit: GRAPHQL_LIMITS.body,
      handler: fastifyApolloHandler(server, { context: context as ApolloFastifyContextFunction<BaseContext> }),
    });
    this.apolloServer = server;
  }
}
