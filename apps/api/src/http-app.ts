import { type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AbstractGraphQLDriver } from '@nestjs/graphql';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import fastifyHelmet from '@fastify/helmet';
import { printSchema } from 'graphql';
import { Logger } from 'nestjs-pino';
import { randomUUID } from 'node:crypto';
import { HttpModule } from './http.module.js';
import type { HttpConfig } from './platform/config/env.js';
import { DomainExceptionFilter } from './platform/errors/domain-exception.filter.js';
import { servePlayground } from './platform/graphql/playground.js';
import { refuseUnparsed, refuseUnrouted } from './platform/http/early-refusals.js';
import { requireSoundText } from './platform/http/text-check.js';
import { validationPipe } from './platform/http/validation.js';

/** The largest request body: a hunt with its query and columns is far smaller. */
const BODY_LIMIT = 1024 * 1024;
/** of somebody who has not signed in yet */
const ANONYMOUS_BODY_LIMIT = 16 * 1024;

/**
 * The API as an application that is ready to listen; tests use it without a port.
 * @param root the modules to serve; all of the HTTP role unless given
 */
export const createHttpApp = async (
  config: HttpConfig,
  root: DynamicModule = HttpModule.of(config),
): Promise<NestFastifyApplication> => {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: refuseUnrouted,
    clientErrorHandler: refuseUnparsed,
  });
  const server = adapter.getInstance();
  server.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/v1/auth/')) route.bodyLimit = ANONYMOUS_BODY_LIMIT;
  });
  server.removeContentTypeParser('text/plain'); // JSON only: whatever else is a 415
  server.addHook('preHandler', async (request) => {
    requireSoundText(request);
    await Promise.resolve();
  });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    bufferLogs: true,
    abortOnError: false,
    bodyParser: false, // Fastify's own: JSON
  });
  app.useLogger(app.get(Logger));
  app.enableShutdownHooks();
  app.setGlobalPrefix('api/v1');
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new DomainExceptionFilter());
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  });
  let closing = false;
  server.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  server.addHook('onSend', async (request, reply) => {
    if (closing) void reply.header('connection', 'close'); // or the end would wait for it
    void reply.header('x-request-id', request.id);
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    await Promise.resolve();
  });
  servePlayground(server);
  return app;
};

/** The GraphQL schema as text. The application need not have started. */
export const graphqlDocument = async (app: INestApplication): Promise<string> => {
  const driver = app.get<AbstractGraphQLDriver>(AbstractGraphQLDriver, { strict: false });
  const options = await driver.mergeDefaultOptions({ autoSchemaFile: true, sortSchema: true });
  const schema = await driver.generateSchema(options);
  if (schema === null) throw new Error('the GraphQL schema was not generated');
  return `${printSchema(schema)}\n`;
};

/** OpenAPI 3.1 of every route. */
export const openApiDocument = (app: INestApplication): OpenAPIObject =>
  SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setOpenAPIVersion('3.1.0')
      .setTitle('Rekall Agent')
      .setDescription(
        'Hunts, flows, clients and result collections. Errors are application/problem+json with a stable `code`.',
      )
      .setVersion('1')
      .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
      .addBearerAuth({
        type: 'http',
        scheme: 'bearer',
        description: 'An API token (T_…), or an access token of POST /auth/login.',
      })
      .build(),
  );
