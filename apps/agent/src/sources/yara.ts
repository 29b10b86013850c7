import { statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomHex32 } from '#wire';
import { runProgram } from './programs.js';
import { unlessGone } from './read.js';

/** What the program prints of one file: a line for each rule that holds, then one for each of its strings. */
function* matches(path: string, printed: string): Generator<object> {
  for (const line of printed.split('\n')) {
    const string = /^(0x[0-9a-f]+):(\$\w*): (.*)$/.exec(line);
    if (string !== null) {
      yield { path, rule: null, offset: Number(string[1]), string: string[2], match: string[3] };
      continue;
    }
    const rule = /^(\w+) /.exec(line);
    if (rule !== null) yield { path, rule: rule[1], offset: null, string: null, match: null };
  }
}

/**
 * Rules of YARA over regular files; others, and those that are not there, are left out. The program cannot read its
 * rules from a pipe of ours, so they lie in the flow's folder while it runs.
 */
export function* yara(rules: string, paths: readonly string[], workDir: string): Generator<object> {
  const file = join(workDir, `${randomHex32()}.yar`);
  writeFileSync(file, rules, { mode: 0o600, flag: 'wx' });
  try {
    for (const path of paths) {
      if (unlessGone(() => statSync(path).isFile()) !== true) continue;
      // A name that begins like an option is none.
      const named = path.startsWith('-') ? `./${path}` : path;
      yield* matches(path, runProgram('yara', 'yara', ['-s', file, named]));
    }
  } finally {
    unlinkSync(file);
  }
}
