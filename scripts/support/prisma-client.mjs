// Generates the Prisma client without a download. `prisma generate` does not use the native schema engine,
// but looks for one; any existing file named in PRISMA_SCHEMA_ENGINE_BINARY stops it from downloading.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, root, toolFile } from './project.mjs';

const schema = join(root, 'prisma/schema.prisma');
const output = join(root, 'apps/api/src/generated/prisma');
const stamp = join(output, '.made-from');

/** What the client is made from: the schema and the generator's version. */
function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(schema));
  return hash.update(readFileSync(join(root, 'node_modules/prisma/package.json'))).digest('hex');
}

/** Whether the client is missing, or made from another schema. False where there is no schema. */
export function isClientStale() {
  if (!existsSync(schema)) return false;
  return !existsSync(stamp) || readFileSync(stamp, 'utf8') !== fingerprint();
}

/** Generates apps/api/src/generated/prisma; answers the exit code, having printed what went wrong. */
export function generateClient() {
  if (!existsSync(schema)) {
    console.error('prisma/schema.prisma is missing');
    return 1;
  }
  const made = fingerprint();
  const run = spawnSync(node, [toolFile('prisma'), 'generate', '--no-hints'], {
    cwd: root,
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: node,
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    },
    encoding: 'utf8',
  });
  if (run.error) throw run.error;
  if (run.status !== 0) {
    process.stderr.write(run.stdout + run.stderr);
    return run.status ?? 1;
  }
  writeFileSync(stamp, made);
  return 0;
}
