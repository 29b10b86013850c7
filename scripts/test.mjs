import { buildIfStale } from './support/build.mjs';
import { becomeNode, helpOrContinue, toolFile } from './support/project.mjs';

helpOrContinue(`
test [VITEST ARGUMENTS]: builds what is stale (end-to-end tests start the real programs from dist), then runs vitest once
  npm test                              everything
  npm test -- --project unit            only tests beside the sources
  npm test -- --project unit libs/wire  only those of one folder
  npm test -- -t 'words of the name'    only tests of that name
`);
const code = await buildIfStale();
if (code !== 0) process.exit(code);
becomeNode([toolFile('vitest'), 'run', ...process.argv.slice(2)]);
