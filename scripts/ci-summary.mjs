// Adds up what a CI run did and prints "N passed, N failed" as its last line; exit code 1 when anything failed or
// nothing ran. Arguments: NAME=EXITCODE for each step; --checks FILE, --tests FILE, --faults FILE, --debian FILE,
// --ceph FILE for those that count in detail.
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { helpOrContinue } from './support/project.mjs';

helpOrContinue(
  'ci-summary NAME=EXITCODE ... [--checks FILE] [--tests FILE] [--faults FILE] [--debian FILE] [--ceph FILE]: adds up a CI run; its last line is the sum',
);
const { values: files, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    checks: { type: 'string' },
    tests: { type: 'string' },
    faults: { type: 'string' },
    debian: { type: 'string' },
    ceph: { type: 'string' },
  },
});

/** The detailed counts of a step; undefined when the step died before it could write them. */
function read(file, count) {
  if (file === undefined || !existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  return text === '' ? undefined : count(JSON.parse(text));
}

/** What vitest's JSON reporter counted. */
function vitestCounts({ numPassedTests, numFailedTests, testResults }) {
  // A file that cannot be loaded has no tests that could fail.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length };
}

const details = {
  check: read(files.checks, (checks) => ({
    passed: checks.filter(({ ok }) => ok).length,
    failed: checks.filter(({ ok }) => !ok).length,
  })),
  test: read(files.tests, vitestCounts),
  faults: read(files.faults, vitestCounts),
  debian: read(files.debian, vitestCounts),
  ceph: read(files.ceph, vitestCounts),
};

let passed = 0;
let failed = 0;
for (const step of positionals) {
  const [name, code] = step.split('=');
  const counted = details[name];
  passed += counted?.passed ?? (code === '0' ? 1 : 0);
  failed += counted?.failed ?? (code === '0' ? 0 : 1);
  // An exit code that the details do not explain (an error outside of any test) counts as well.
  if (code !== '0' && counted !== undefined && counted.failed === 0) failed += 1;
  if (code === '0' && counted !== undefined && counted.passed === 0) failed += 1;
  console.log(
    `${name}: ${counted === undefined ? `exit code ${code}` : `${counted.passed} passed, ${counted.failed} failed`}`,
  );
}
if (passed + failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
