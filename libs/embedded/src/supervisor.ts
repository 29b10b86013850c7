// Runs one program that is not ours (Postgres) and never lets it outlive the process that wanted it: descriptor 3 is a
// pipe to that process; when it closes, however the other end died, the program gets its stop signal, then SIGKILL.
// Started by child.ts with the spec as its only argument. It imports node modules only, so that Node runs it from the
// source as well as from dist.
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

interface SupervisedSpec {
  command: string;
  args: string[];
  cwd: string;
  uid?: number;
  gid?: number;
  stopSignal: NodeJS.Signals;
  stopWithinMs: number;
}

const spec = JSON.parse(process.argv[2] ?? '') as SupervisedSpec; // written by child.ts of the same build
const parent = new Socket({ fd: 3, readable: true, writable: true });
const { REKALL_PARENT_FD: _parent, ...env } = process.env;

const child = spawn(spec.command, spec.args, {
  cwd: spec.cwd,
  env,
  stdio: ['ignore', 'inherit', 'inherit'],
  ...(spec.uid === undefined ? {} : { uid: spec.uid }),
  ...(spec.gid === undefined ? {} : { gid: spec.gid }),
});

let stopping = false;
const stop = (): void => {
  if (stopping) return;
  stopping = true;
  child.kill(spec.stopSignal);
  setTimeout(() => child.kill('SIGKILL'), spec.stopWithinMs).unref();
};
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
for (const signal of signals) process.on(signal, stop);
parent.on('error', stop);
parent.on('close', stop);
parent.resume();

child.once('spawn', () => parent.write(`${JSON.stringify({ pid: child.pid })}\n`));
child.once('error', (error) => {
  process.stderr.write(`cannot start ${spec.command}: ${error.message}\n`);
  process.exit(127);
});
child.once('exit', (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  for (const handled of signals) process.removeAllListeners(handled);
  process.kill(process.pid, signal); // end as the program ended
});
