/**
 * Runs conformance cases of the query language: `node scripts/efilter-cases.mjs FILE.jsonl`, after `npm run build`.
 * Prints the ids that fail with what was expected and what came; the last line is `N passed, N failed`.
 */
import { readFileSync } from 'node:fs';
import { drain, EfilterError, evaluate, parse } from '../dist/libs/efilter/src/index.js';
import { runCase } from './efilter-case.mjs';

const file = process.argv[2] ?? new URL('../libs/efilter/cases/sample.jsonl', import.meta.url);
const library = { drain, EfilterError, evaluate, parse };
let passed = 0;
let failed = 0;
for (const line of readFileSync(file, 'utf8').split('\n')) {
  if (line.trim() === '') continue;
  const testCase = JSON.parse(line);
  const problem = runCase(library, testCase);
  if (problem === undefined) {
    passed += 1;
  } else {
    failed += 1;
    console.log(`${testCase.id} ${JSON.stringify(testCase.query)}: ${problem}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
