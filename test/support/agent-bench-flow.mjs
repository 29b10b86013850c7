// Runs one flow of the built agent in this process, as its child process does; prints when its collection was finished
// and when all was compressed. For test/bench/agent.ts.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const { executeFlow } = await import('../../dist/apps/agent/src/runner/execute-flow.js');
const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const began = performance.now();
let finished = 0;
let last = 0;
let rows = {};
let bytes = {};
const ending = await executeFlow(job, {
  tell(event) {
    if (event.kind === 'progress') {
      finished = last;
      last = performance.now();
    }
    if (event.kind === 'collection') {
      rows = event.collection.rows;
      bytes = { content: event.collection.content_bytes, stored: event.collection.stored_bytes };
    }
  },
  room: () => Promise.resolve(),
  threads: true,
});
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
console.log(
  JSON.stringify({
    ending,
    rows,
    bytes,
    collectionSeconds: (finished - began) / 1000,
    gzipSeconds: (last - finished) / 1000,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMiB: Math.round(maxRSS / 1024),
  }),
);
