import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { helpOrContinue, root } from './project.mjs';

/**
 * The whole of a script that writes a file of docs/ from the built API, or with --check only compares. Ends the process.
 * @param {{ script: string, file: string, text: (app: import('@nestjs/platform-fastify').NestFastifyApplication) => string | Promise<string> }} what
 */
export const emitDoc = async ({ script, file, text }) => {
  helpOrContinue(`
${script}: writes docs/${file} from the built API; no database or store is needed
  --check   only compares; exit code 1 when the file is out of date
`);
  const { loadConfig } = await import('../../dist/apps/api/src/platform/config/env.js');
  const { createHttpApp } = await import('../../dist/apps/api/src/http-app.js');

  // Nothing is contacted: connections are made when the application starts, which it does not here.
  const config = loadConfig('http', {
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none',
    S3_ENDPOINT: 'http://127.0.0.1:9',
    S3_BUCKET: 'none',
    S3_ACCESS_KEY: 'none',
    S3_SECRET_KEY: 'none',
    REKALL_DEPLOYMENT: '0'.repeat(32),
    REKALL_CURSOR_KEY: '0'.repeat(64),
    REKALL_SESSION_KEY: '0'.repeat(64),
    LOG_LEVEL: 'error',
  });
  const made = await text(await createHttpApp(config));
  const path = join(root, 'docs', file);
  if (!process.argv.includes('--check')) {
    writeFileSync(path, made);
  } else if (readFileSync(path, 'utf8') !== made) {
    console.error(`docs/${file} is out of date: run node scripts/${script}.mjs`);
    process.exit(1);
  }
  process.exit(0);
};
