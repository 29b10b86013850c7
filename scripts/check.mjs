// Everything that can be checked without running the product: `npm run check`.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { buildIfStale } from './support/build.mjs';
import { generateClient, isClientStale } from './support/prisma-client.mjs';
import { helpOrContinue, node, root, toolEnvironment, toolFile } from './support/project.mjs';

/** A check is a program that ends with 0 when all is well. To add one, add a line. */
const CHECKS = [
  { name: 'format', run: () => [toolFile('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'lint', run: () => [toolFile('eslint'), '--max-warnings', '0', '.'] },
  { name: 'types', run: () => [toolFile('typescript', 'tsc'), '-p', 'tsconfig.check.json'] },
  { name: 'playground', run: () => [toolFile('typescript', 'tsc'), '-p', 'apps/playground'] },
  { name: 'imports', run: () => [toolFile('dependency-cruiser', 'depcruise'), 'apps', 'libs'] },
  { name: 'unused', run: () => [toolFile('knip')] },
  { name: 'lockfile', run: () => [join(root, 'scripts/check-lockfile.mjs')] },
  { name: 'variables', built: true, run: () => [join(root, 'scripts/emit-config-doc.mjs'), '--check'] },
  { name: 'openapi', built: true, run: () => [join(root, 'scripts/emit-openapi.mjs'), '--check'] },
  { name: 'sources', built: true, run: () => [join(root, 'scripts/emit-sources.mjs'), '--check'] },
  { name: 'graphql', built: true, run: () => [join(root, 'scripts/emit-graphql.mjs'), '--check'] },
  { name: 'migrations', built: true, run: () => [join(root, 'scripts/db-diff.mjs'), '--check'] },
];

const AT_ONCE = 2;

helpOrContinue(`
check: runs all checks, also when one fails, and prints a table; exit code 1 when any failed
  --only NAME   one of ${CHECKS.map(({ name }) => name).join(', ')} (repeatable)
  --json FILE   writes [{ name, ok, seconds }] as well
`);

const { values: options } = parseArgs({
  options: { only: { type: 'string', multiple: true }, json: { type: 'string' } },
});
const unknown = (options.only ?? []).filter((name) => !CHECKS.some((check) => check.name === name));
if (unknown.length > 0) {
  console.error(`check: there is no check ${unknown.join(', ')} (${CHECKS.map(({ name }) => name).join(', ')})`);
  process.exit(2);
}

/** Runs one program; answers whether it ended well, its time, and all that it wrote. */
function runCheck({ name, run }) {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(node, run(), { cwd: root, env: toolEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const end = (ok) => resolve({ name, ok, seconds: (performance.now() - began) / 1000, output });
    child.on('error', (error) => {
      output += error.message;
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}

/** Runs the checks, a few at a time; prints what a failed one wrote as soon as it has ended. */
async function runAll(checks) {
  const waiting = [...checks];
  const results = [];
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const result = await runCheck(check);
      results.push(result);
      if (!result.ok) console.error(`\n--- ${result.name} failed ---\n${result.output.trimEnd()}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return checks.map(({ name }) => results.find((result) => result.name === name));
}

const wanted = CHECKS.filter(({ name }) => options.only === undefined || options.only.includes(name));
const began = performance.now();
const results = [];
const generated = isClientStale() ? generateClient() : 0;
if (generated !== 0) results.push({ name: 'generate', ok: false, seconds: (performance.now() - began) / 1000 });
if (wanted.some(({ built }) => built)) {
  const buildBegan = performance.now();
  const ok = (await buildIfStale()) === 0;
  results.push({ name: 'build', ok, seconds: (performance.now() - buildBegan) / 1000 });
}
results.push(...(await runAll(wanted)));

for (const { name, ok, seconds } of results)
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s`);
const failed = results.filter(({ ok }) => !ok).length;
console.log(
  `${results.length - failed} of ${results.length} checks passed in ${((performance.now() - began) / 1000).toFixed(1)} s`,
);
if (options.json !== undefined) {
  writeFileSync(options.json, JSON.stringify(results.map(({ name, ok, seconds }) => ({ name, ok, seconds }))));
}
process.exitCode = failed === 0 ? 0 : 1;
