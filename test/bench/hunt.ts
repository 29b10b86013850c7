// `npm run bench -- hunt [--clients N] [--poll S]`: a hunt over N pool agents, from POST to the last result in the bucket;
// then, with the worker halted (SIGSTOP) meanwhile, tickets a second that it verifies and commits.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startProcess } from '#embedded';
import { eventually, WholeSystem } from '../support/whole-system.js';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100' },
    poll: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
  },
});
const clients = Number(values.clients);
const poll = Number(values.poll);
const rounds = Number(values.rounds);

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
/** CPU seconds that a process and its ended children have used. */
const cpuOf = (pid: number): number => {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0) / TICKS;
};
/** CPU seconds of a process and everything below it. */
const cpuOfTree = (pid: number): number => {
  const below = execFileSync('sh', ['-c', `cat /proc/${String(pid)}/task/*/children`], { encoding: 'utf8' })
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return below.reduce((sum, child) => sum + cpuOfTree(child), cpuOf(pid));
};
const seconds = (from: number): number => (performance.now() - from) / 1000;

const system = await WholeSystem.make();
try {
  await system.startWorker({ REKALL_POLL_MIN: String(poll), REKALL_POLL_MAX: String(poll) });
  await system.startApi();
  const state = join(system.dir, 'pool');
  await mkdir(state, { recursive: true });
  const pool = await startProcess({
    name: 'pool',
    command: process.execPath,
    args: [
      'dist/apps/agent/src/main.js',
      'pool',
      '--clients',
      String(clients),
      '--poll',
      String(poll),
      '--config',
      join(system.dir, 'agent.json'),
      '--state',
      state,
    ],
    ready: (line) => (line.includes('"ready":true') ? true : undefined),
    readyWithinMs: 300_000,
  });
  const registered = async (): Promise<number> => {
    const { body } = await system.call<{ items: unknown[] }>('GET', '/clients?limit=1000');
    return body.items.length;
  };
  await eventually(
    'all clients registered',
    async () => ((await registered()) >= Math.min(clients, 1000) ? true : undefined),
    300_000,
  );

  const results: { round: number; seconds: number; api_cpu: number; worker_cpu: number }[] = [];
  const huntOnce = async (): Promise<{ id: string; seconds: number }> => {
    const from = performance.now();
    const { body } = await system.call<{ hunt_id: string }>('POST', '/hunts', {
      type: 'ListProcesses',
      labels: ['All'],
      description: 'bench',
    });
    await eventually(
      'every result in the bucket',
      async () => {
        let n = 0;
        for await (const object of system.bucket.listAll(`hunts/${body.hunt_id}/vfs/analysis/`))
          if (object.key !== '') n += 1;
        return n >= clients ? true : undefined;
      },
      600_000,
    );
    return { id: body.hunt_id, seconds: seconds(from) };
  };
  for (let round = 1; round <= rounds; round += 1) {
    const api = cpuOf(system.api?.pid ?? 0);
    const worker = cpuOf(system.worker?.pid ?? 0);
    const hunt = await huntOnce();
    results.push({
      round,
      seconds: hunt.seconds,
      api_cpu: cpuOf(system.api?.pid ?? 0) - api,
      worker_cpu: cpuOf(system.worker?.pid ?? 0) - worker,
    });
  }

  // The worker is away while agents work: one file must be published first.
  const away = await system.call<{ hunt_id: string }>('POST', '/hunts', {
    type: 'ListProcesses',
    labels: ['All'],
    description: 'bench: worker',
  });
  await eventually('published', async () => {
    const { body } = await system.call<{ queues: { wrong: unknown[] } }>('GET', '/health/status');
    return body.queues.wrong.length === 0 ? true : undefined;
  });
  const worker = system.worker;
  if (worker === undefined) throw new Error('no worker');
  process.kill(worker.pid, 'SIGSTOP');
  const tickets = await eventually(
    'all final tickets in the bucket',
    async () => {
      let results_ = 0;
      let n = 0;
      for await (const object of system.bucket.listAll(`hunts/${away.body.hunt_id}/vfs/analysis/`))
        if (object.key !== '') results_ += 1;
      for await (const object of system.bucket.listAll(`tickets/HuntStatus/${away.body.hunt_id}/`))
        if (object.key !== '') n += 1;
      return results_ >= clients && n >= clients ? n : undefined;
    },
    600_000,
  );
  await pool.stop();
  const before = { store: cpuOfTree(system.store.pid), postgres: cpuOfTree(system.postgres.pid) };
  const workerBefore = cpuOf(worker.pid);
  const from = performance.now();
  process.kill(worker.pid, 'SIGCONT');
  await eventually('every ticket committed', async () => {
    const { body } = await system.call<{ stats: { done: number } }>('GET', `/hunts/${away.body.hunt_id}`);
    return body.stats.done >= clients ? true : undefined;
  });
  const took = seconds(from);
  const intake = {
    tickets,
    seconds: took,
    tickets_per_second: tickets / took,
    cpu_seconds: {
      worker: cpuOf(worker.pid) - workerBefore,
      store: cpuOfTree(system.store.pid) - before.store,
      postgres: cpuOfTree(system.postgres.pid) - before.postgres,
    },
  };

  const report = {
    bench: 'hunt',
    clients,
    poll_seconds: poll,
    runner: 'inline (pool: no child process a flow)',
    cores: cpus().length,
    load: loadavg()[0],
    hunts: results,
    intake,
  };
  mkdirSync('bench-results', { recursive: true });
  writeFileSync('bench-results/hunt.json', `${JSON.stringify(report, null, 2)}\n`);
  console.table(results);
  console.table([{ tickets, seconds: took, 'tickets/s': tickets / took, ...intake.cpu_seconds }]);
  console.log(
    `paper: 5 s, GRR: 64 s for 100 clients; ours: ${results.map((r) => r.seconds.toFixed(1)).join(', ')} s at a poll of ${String(poll)} s; pool agents run inline`,
  );
} finally {
  await system.close();
}
