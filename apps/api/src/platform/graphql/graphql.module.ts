import type { ApolloDriverConfig } from '@nestjs/apollo';
import { type DynamicModule, Global, Injectable, Module } from '@nestjs/common';
import { type GqlOptionsFactory, GraphQLModule } from '@nestjs/graphql';
import type { FastifyReply } from 'fastify';
import { AccessModule } from '../access/access.module.js';
import { Authenticator } from '../access/authenticator.js';
import type { Call } from '../access/call.js';
import { DomainError } from '../errors/domain-error.js';
import { Connections } from './connection.js';
import { asGraphqlError } from './errors.js';
import { GRAPHQL_PATH, PostOnlyDriver } from './post-only.driver.js';

@Injectable()
class GraphqlOptions implements GqlOptionsFactory<ApolloDriverConfig> {
  constructor(private readonly authenticator: Authenticator) {}

  createGqlOptions(): ApolloDriverConfig {
    return {
      path: GRAPHQL_PATH,
      autoSchemaFile: true,
      sortSchema: true,
      fieldResolverEnhancers: ['guards', 'filters'],
      graphiql: false,
      context: (request: Call['request'], reply: FastifyReply) => this.enter(request, reply),
    };
  }

  /** Nobody asks anything, not even for the schema, without being signed in. */
  private async enter(request: Call['request'], reply: FastifyReply): Promise<{ req: Call['request'] }> {
    try {
      await this.authenticator.authenticate({ request, route: 'POST /graphql' });
      return { req: request };
    } catch (error) {
      const refusal = asGraphqlError(error);
      const { originalError: why } = refusal;
      if (why instanceof DomainError && why.kind === 'unauthenticated')
        void reply.header('www-authenticate', 'Bearer realm="rekall"');
      if (why instanceof DomainError && why.options.retryAfterSeconds !== undefined)
        void reply.header('retry-after', String(why.options.retryAfterSeconds));
      throw refusal;
    }
  }
}

@Module({ imports: [AccessModule], providers: [GraphqlOptions], exports: [GraphqlOptions] })
class GraphqlOptionsModule {}

/** The GraphQL door. Resolvers are providers of the feature modules. */
@Global()
@Module({})
export class GraphqlPlatformModule {
  static of(): DynamicModule {
    return {
      module: GraphqlPlatformModule,
      imports: [
        GraphQLModule.forRootAsync<ApolloDriverConfig>({
          driver: PostOnlyDriver,
          imports: [GraphqlOptionsModule],
          useExisting: GraphqlOptions,
        }),
      ],
      providers: [Connections],
      exports: [Connections],
    };
  }
}
