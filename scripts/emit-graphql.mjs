// Writes docs/schema.gql from the resolvers of the API, or checks that it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { helpOrContinue, root } from './support/project.mjs';

helpOrContinue(`
emit-graphql: writes docs/schema.gql from the built API; no database or store is needed
  --check   only compares; exit code 1 when the file is out of date
`);

const { loadConfig } = await import('../dist/apps/api/src/platform/config/env.js');
const { createHttpApp, graphqlDocument } = await import('../dist/apps/api/src/http-app.js');

// Nothing is contacted: connections are made when the application starts, which it does not here.
const nowhere = 'http://127.0.0.1:9';
const config = loadConfig('http', {
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none',
  S3_ENDPOINT: nowhere,
  S3_BUCKET: 'none',
  S3_ACCESS_KEY: 'none',
  S3_SECRET_KEY: 'none',
  REKALL_DEPLOYMENT: '0'.repeat(32),
  REKALL_CURSOR_KEY: '0'.repeat(64),
  REKALL_SESSION_KEY: '0'.repeat(64),
  LOG_LEVEL: 'error',
});
const text = await graphqlDocument(await createHttpApp(config));
const file = join(root, 'docs/schema.gql');
if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/schema.gql is out of date: run node scripts/emit-graphql.mjs');
  process.exit(1);
}
process.exit(0);
