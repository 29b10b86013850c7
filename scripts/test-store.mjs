// `npm run -s test:store`: holds any S3 store to the contract (test/contract); the last line is "N passed, N failed".
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from './support/build.mjs';
import { helpOrContinue, runNode, toolEnvironment, toolFile } from './support/project.mjs';

helpOrContinue(`
test-store [--endpoint URL --access-key K --secret-key S] [OPTIONS]
runs the contract of the store against an S3 endpoint; without --endpoint against the project's own file store

  --bucket B          the bucket, which anyone may read under public/ (default: evidence)
  --region R          (default: us-east-1)
  --engine E          aws: S3 as AWS documents it; ceph-16: with Ceph 16's known differences (default: aws)
  --upload-access-key K --upload-secret-key S
                      keys that may only put under tickets/, C.*/vfs/ and hunts/*/vfs/: they are tested as well
  --upload-user U     their ARN, or their name on Ceph: makes the bucket if it is missing and SETS ITS POLICY first
  --out FILE          also writes the results there, as vitest's JSON
  --verbose           one line for each check

Each option can come from the environment too: S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET, S3_REGION, S3_ENGINE,
S3_UPLOAD_USER, S3_UPLOAD_ACCESS_KEY, S3_UPLOAD_SECRET_KEY. Objects are written under contract-*/, public/contract-*/ and
the upload prefixes.
`);

const VARIABLES = {
  endpoint: 'S3_ENDPOINT',
  'access-key': 'S3_ACCESS_KEY',
  'secret-key': 'S3_SECRET_KEY',
  bucket: 'S3_BUCKET',
  region: 'S3_REGION',
  engine: 'S3_ENGINE',
  'upload-access-key': 'S3_UPLOAD_ACCESS_KEY',
  'upload-secret-key': 'S3_UPLOAD_SECRET_KEY',
  'upload-user': 'S3_UPLOAD_USER',
};

/** Ends with one line on stderr. */
function refuse(message) {
  console.error(`test-store: ${message} (see --help)`);
  process.exit(2);
}

function options() {
  const strings = [...Object.keys(VARIABLES), 'out'].map((name) => [name, { type: 'string' }]);
  try {
    return parseArgs({ options: { ...Object.fromEntries(strings), verbose: { type: 'boolean' } } }).values;
  } catch (error) {
    if (!String(error.code).startsWith('ERR_PARSE_ARGS')) throw error;
    return refuse(error.message);
  }
}

const values = options();
const env = { ...toolEnvironment() };
for (const [name, variable] of Object.entries(VARIABLES)) if (values[name] !== undefined) env[variable] = values[name];
if (env.S3_ENDPOINT !== undefined && (env.S3_ACCESS_KEY === undefined || env.S3_SECRET_KEY === undefined))
  refuse('--endpoint needs --access-key and --secret-key');
if (env.S3_ENDPOINT === undefined && values['access-key'] !== undefined) refuse('--access-key needs --endpoint');

const built = await buildIfStale();
if (built !== 0) process.exit(built);
const folder = mkdtempSync(join(tmpdir(), 'rekall-test-store-'));
const report = values.out ?? join(folder, 'report.json');
let counts;
let code;
try {
  code = runNode(
    [
      toolFile('vitest'),
      'run',
      '--project=e2e',
      ...(values.verbose ? ['--reporter=verbose'] : ['--reporter=dot']),
      '--reporter=json',
      `--outputFile.json=${report}`,
      'test/e2e/object-store.e2e-spec.ts',
    ],
    { env },
  );
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const unread = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  // A store that cannot be opened fails no test by itself: nothing that passed is a failure.
  const failed = numFailedTests + unread.length;
  counts = { passed: numPassedTests, failed: failed === 0 && (code !== 0 || numPassedTests === 0) ? 1 : failed };
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
