import type { FastifyInstance } from 'fastify';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { DomainError } from '../errors/domain-error.js';
import { GRAPHQL_PATH } from './post-only.driver.js';

/** The built page, beside the built program; there is none when the sources are run. */
const FOLDER = new URL('../../../playground/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ttf': 'font/ttf',
};

/** Our own files only. The editor styles its elements itself, which needs inline styles; scripts are never inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const YEAR_SECONDS = 31_536_000;

/** Serves the playground to browsers: a page without data, which asks the API as whoever signs in there. */
export const servePlayground = (server: FastifyInstance): void => {
  const page = new URL('index.html', FOLDER);
  server.get(GRAPHQL_PATH, async (request, reply) => {
    if (!(request.headers.accept ?? '').includes('text/html'))
      throw new DomainError('not-found', 'request/no-such-route', 'GraphQL is asked with POST /graphql and JSON.');
    if (!existsSync(page))
      throw new DomainError('not-found', 'request/no-such-route', 'The playground is not built: npm run build.');
    void reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8');
    return readFile(page);
  });
  const assets = new URL('assets/', FOLDER);
  if (!existsSync(assets)) return;
  for (const name of readdirSync(assets)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const file = new URL(encodeURIComponent(name), assets);
    server.get(`${GRAPHQL_PATH}/assets/${name}`, async (_request, reply) => {
      // A name has the hash of its content in it. A worker has the policy of its own answer.
      void reply.header('cache-control', `public, max-age=${YEAR_SECONDS}, immutable`);
      void reply.header('content-security-policy', POLICY).type(type);
      return readFile(file);
    });
  }
};
