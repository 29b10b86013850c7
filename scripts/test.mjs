import { buildIfStale } from './support/build.mjs';
import { becomeNode, helpOrContinue, toolFile } from './support/project.mjs';

if (process.argv.includes('--help')) process.argv.splice(2, 0, '--help'); // behind the arguments of an npm script
helpOrContinue(`
test [VITEST ARGUMENTS]: builds what is stale (end-to-end tests start the real programs from dist), then runs vitest once
  npm test                              everything
  npm test -- --project unit            only tests beside the sources
  npm test -- --project unit libs/wire  only those of one folder
  npm test -- -t 'words of the name'    only tests of that name
  npm run test:faults                   kills, tampering, moved clocks, hanging servers, misbehaving agents: minutes
  npm run test:pool                     a misbehaving pool of 200 beside 50 honest agents
  npm run test:listing                  1.6 million files; looks at the free disk first, cleans up
`);
const code = await buildIfStale();
if (code !== 0) process.exit(code);
becomeNode([toolFile('vitest'), 'run', ...process.argv.slice(2)]);
