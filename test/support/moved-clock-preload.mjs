// Loaded before a program of ours (`--import`): its clock is ahead of the machine's by what the file says, in
// milliseconds, from the moment at which the file changes. The program does not know.
import { readFileSync, statSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { env } from 'node:process';

const file = env.REKALL_TEST_CLOCK ?? '';
const RealDate = Date;
const LOOK_EVERY = 20;
let offset = 0;
let lookedAt = -Infinity;
let changed = 0;

function ahead() {
  const now = performance.now();
  if (now - lookedAt < LOOK_EVERY) return offset;
  lookedAt = now;
  const { mtimeMs } = statSync(file);
  if (mtimeMs !== changed) offset = Number(readFileSync(file, 'utf8'));
  changed = mtimeMs;
  return offset;
}

// A child or a thread that is given no environment keeps the machine's time.
if (file !== '') {
  globalThis.Date = class Date extends RealDate {
    constructor(...given) {
      if (given.length === 0) super(RealDate.now() + ahead());
      else super(...given);
    }
    static now() {
      return RealDate.now() + ahead();
    }
  };
  // Node's own Date header is of the machine's time.
  const { writeHead } = ServerResponse.prototype;
  ServerResponse.prototype.writeHead = function (...given) {
    this.setHeader('Date', new Date().toUTCString());
    return writeHead.apply(this, given);
  };
}
