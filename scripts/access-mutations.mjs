// Turns each check of the access policy off, one at a time, and runs the tests of who may do what: each time they must fail.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { helpOrContinue, node, root, toolEnvironment, toolFile } from './support/project.mjs';

helpOrContinue(`
access-mutations [CHECK...]: turns each check of the policy off and expects the tests to fail; all unless named
  a check is FUNCTION:PERMISSION, such as reachOf:clients.read
`);

const text = readFileSync(join(root, 'docs/permissions.md'), 'utf8');
const cells = (line) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const routes = text
  .split('\n')
  .filter((line) => /^\| `(GET|POST|PUT|PATCH|DELETE) /.test(line))
  .map((line) => {
    const [route, needs, scope] = cells(line).map((cell) => cell.replaceAll('`', ''));
    return { route, needs: needs === 'nothing' ? [] : needs.split(' and '), scope };
  });
const permissions = [...new Set(routes.flatMap(({ needs }) => needs))];
const inScope = (scope) =>
  permissions.filter((p) => routes.some((row) => row.scope === scope && row.needs.includes(p)));
// The guard and the service both ask whether a permission is held at all: turned off together (turn-off.ts). Where every
// route of a permission needs `*`, the service asks for that, and the guard’s question is the same answer earlier.
const all = permissions.filter((p) => routes.every((row) => row.scope === '*' || !row.needs.includes(p)));
const checks = [
  ...permissions.filter((p) => !all.includes(p)).map((p) => `holdsSomewhere:${p}`),
  ...inScope('fleet').map((p) => `reachOf:${p}`),
  ...inScope('*').map((p) => `holdsEverywhere:${p}`),
  ...['hunts.create', 'hunts.stop', 'clients.label'].map((p) => `coversLabels:${p}`),
  'coversScope',
  'holdsGrant',
];

/** Runs the tests with a check turned off; true when they fail. */
function fails(check, file, pattern) {
  const args = [
    toolFile('vitest'),
    'run',
    '--config',
    'test/mutation/vitest.config.mts',
    '--project',
    'mutation',
    file,
  ];
  const run = spawnSync(node, [...args, ...(pattern === undefined ? [] : ['-t', pattern])], {
    cwd: root,
    env: { ...toolEnvironment(), ACCESS_MUTATION: check },
    encoding: 'utf8',
    timeout: 300_000,
  });
  const output = stripVTControlCharacters(`${run.stdout}${run.stderr}`);
  const ran = /Tests\s+(?:(\d+) failed)?[ |]*(?:(\d+) passed)?/.exec(output);
  if (ran === null || (ran[1] === undefined && ran[2] === undefined)) {
    console.error(output.slice(-2000));
    throw new Error(`no test ran with ${check} turned off`);
  }
  return ran[1] !== undefined;
}

const escape = (route) => route.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
const named = process.argv.slice(2);
const survivors = [];
let killed = 0;
for (const check of named.length > 0 ? named : checks) {
  const permission = check.split(':')[1];
  const rows = routes.filter(({ needs }) => permission === undefined || needs.includes(permission));
  const pattern = `what is written.{1,3}(${rows.map(({ route }) => escape(route)).join('|')})$`;
  const found =
    fails(check, 'test/e2e/access-matrix.e2e-spec.ts', pattern) ||
    fails(check, 'test/e2e/people.e2e-spec.ts') ||
    fails(check, 'test/e2e/client-labels.e2e-spec.ts');
  console.log(`${found ? 'found   ' : 'SURVIVED'}  ${check}`);
  if (found) killed++;
  else survivors.push(check);
}
console.log(`${killed} of ${killed + survivors.length} checks, turned off, make the tests fail`);
process.exitCode = survivors.length === 0 ? 0 : 1;
