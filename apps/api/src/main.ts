import { requireNode } from './platform/config/require-node.js';

/** The HTTP role of the API. Configured by the environment; prints one line when it listens. */
const start = async (): Promise<void> => {
  const { loadConfig } = await import('./platform/config/env.js');
  const config = loadConfig('http', process.env);
  const { createHttpApp, openApiDocument } = await import('./http-app.js');
  const app = await createHttpApp(config);
  const document = JSON.stringify(openApiDocument(app));
  app
    .getHttpAdapter()
    .getInstance()
    .get('/api/v1/openapi.json', async (_request, reply) => reply.type('application/json').send(document));
  await app.listen(config.HTTP_PORT, config.HTTP_HOST);
  process.stdout.write(`${JSON.stringify({ listening: await app.getUrl() })}\n`);
};

requireNode('rekall-api');
start().catch((error: unknown) => {
  process.stderr.write(`rekall-api: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
