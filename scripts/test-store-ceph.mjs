// `npm run test:store:ceph`: starts a real Ceph on this machine (packages are installed where missing), holds it to the
// contract with its known differences, and stops it. The last line is "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { doctorOnCeph } from './support/ceph-doctor.mjs';
import { helpOrContinue, root, runNode } from './support/project.mjs';

helpOrContinue(`
test-store-ceph [OPTIONS OF test-store]: starts Ceph by scripts/ceph/up in a temporary folder and runs rekall init and rekall doctor --store, then test-store on it
`);

const folder = mkdtempSync('/tmp/rekall-ceph-'); // a short path: unix sockets lie in it
const dir = join(folder, 'c');
const script = (name, args) =>
  spawnSync(join(root, 'scripts/ceph', name), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** Whether nothing listens there. */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first of 64 free ports in a row, below those that the kernel uses for outgoing connections. */
async function freeRange() {
  for (let base = 20_000; base < 32_000; base += 64) {
    const free = await Promise.all(Array.from({ length: 64 }, (_unused, index) => isFree(base + index)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('there are no 64 free ports in a row from 20000 to 32000');
}

/** Stops the cluster and removes its folder, however this ends. */
function stop() {
  script('down', ['--dir', dir, '--purge']);
  rmSync(folder, { recursive: true, force: true });
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    stop();
    process.exit(1);
  });

let code = 1;
try {
  const base = await freeRange();
  const ports = ['--base-port', String(base), '--port', String(base + 62)];
  const up = script('up', ['--dir', dir, '--no-mgr', '--upload-user', 'upload', ...ports]);
  if (up.error) throw up.error;
  if (up.status === 0) {
    const given = Object.fromEntries(
      [...up.stdout.matchAll(/^(S3_\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
    );
    const doctored = await doctorOnCeph(given, join(folder, 'deployment'));
    code = runNode([join(root, 'scripts/test-store.mjs'), '--engine', 'ceph-16', ...process.argv.slice(2)], {
      env: { ...process.env, S3_BUCKET: 'evidence', ...given },
    });
    if (code === 0) code = doctored;
  } else {
    console.log('0 passed, 1 failed');
  }
} finally {
  stop();
}
process.exitCode = code;
