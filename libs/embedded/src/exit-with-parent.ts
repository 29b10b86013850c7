// Preloaded (`node --import`) into every Node program that `startProcess` starts: when the parent is gone, however it
// died, its end of the pipe closes, and the program gets SIGTERM, then SIGKILL. It imports node modules only, so that
// Node runs it from the source as well as from dist.
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

const GRACE_MS = 10_000;
const pipe = process.env['REKALL_PARENT_FD'];
delete process.env['REKALL_PARENT_FD']; // a grandchild has another parent, and other things on that descriptor

if (isMainThread && pipe !== undefined) {
  const parent = new Socket({ fd: Number(pipe), readable: true, writable: false });
  let gone = false;
  const leave = (): void => {
    if (gone) return;
    gone = true;
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  };
  parent.on('error', leave);
  parent.on('close', leave);
  parent.resume();
  parent.unref(); // the program may end whenever it likes
}
