import { buildIfStale } from './support/build.mjs';
import { helpOrContinue } from './support/project.mjs';

helpOrContinue(`
build: brings dist up to date (Prisma client, then TypeScript); silent when there is nothing to do
  --force   builds also when nothing has changed
`);
const unknown = process.argv.slice(2).filter((argument) => argument !== '--force');
if (unknown.length > 0) {
  console.error(`build: unknown option ${unknown.join(' ')} (there is --force)`);
  process.exitCode = 2;
} else {
  process.exitCode = await buildIfStale({ force: process.argv.includes('--force') });
}
