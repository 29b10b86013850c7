// `npm run bench -- agent [--root DIR] [--rounds N] [--hash-mib N] [--only listing|glob|hash|literal|regex|idle ...]`: the agent's file actions against find, sha256sum and
// grep on the same tree in the same run, warm; and what an idle agent costs. Times are the best of the rounds; CPU seconds
// stand beside them, because other work on the machine slows the two sides unequally.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Action, DEFAULT_QUOTA, type FileCondition } from '#wire';
import { AgentDeployment } from '../support/agent-deployment.js';
import { startAgentProcess } from '../support/agent-process.js';

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: '/' },
    rounds: { type: 'string', default: '3' },
    'hash-mib': { type: 'string', default: '2048' },
    'idle-seconds': { type: 'string', default: '60' },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const { root, only } = values;
const isAsked = (name: string): boolean => only.length === 0 || only.includes(name);
const rounds = Number(values.rounds);
const folder = mkdtempSync(join(tmpdir(), 'rekall-bench-agent-'));

interface Measured {
  seconds: number;
  cpuSeconds: number;
}

interface FlowMeasured extends Measured {
  rows: Record<string, number>;
  gzipSeconds: number;
  peakMiB: number;
  contentMiB: number;
  storedMiB: number;
}

/** A program in a shell, timed by the shell. */
const program = (command: string): Measured => {
  const ran = spawnSync('bash', ['-c', `TIMEFORMAT='%R %U %S'; time { ${command}; } 2>/dev/null`], {
    encoding: 'utf8',
  });
  const [real = 0, user = 0, system = 0] = (ran.stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { seconds: real, cpuSeconds: user + system };
};

let flows = 0;
/** One action of the agent, in a process of its own. */
const flow = (action: Action): FlowMeasured => {
  const work_dir = join(folder, `flow-${String(flows++)}`);
  mkdirSync(work_dir);
  const job = join(work_dir, 'job.json');
  writeFileSync(
    job,
    JSON.stringify({
      flow_id: 'F_0000000000000001',
      attempt: 1,
      spec_digest: '0'.repeat(64),
      actions: [action],
      quota: { ...DEFAULT_QUOTA, rows: 1e9, bytes: 1e12 },
      work_dir,
      sources: [],
      agent: { client_id: 'C.0000000000000001', agent_version: 'bench', labels: [], started_at: '' },
    }),
  );
  const text = execFileSync(process.execPath, ['test/support/agent-bench-flow.mjs', job], { encoding: 'utf8' });
  rmSync(work_dir, { recursive: true });
  const told = JSON.parse(text) as {
    ending: { kind: string };
    rows: Record<string, number>;
    bytes: { content: number; stored: number };
    collectionSeconds: number;
    gzipSeconds: number;
    cpuSeconds: number;
    peakMiB: number;
  };
  if (told.ending.kind !== 'done') throw new Error(`the flow ended with ${JSON.stringify(told.ending)}`);
  return {
    seconds: told.collectionSeconds,
    cpuSeconds: told.cpuSeconds,
    rows: told.rows,
    gzipSeconds: told.gzipSeconds,
    peakMiB: told.peakMiB,
    contentMiB: told.bytes.content / 2 ** 20,
    storedMiB: told.bytes.stored / 2 ** 20,
  };
};

const best = <T extends Measured>(runs: T[]): T => runs.toSorted((a, b) => a.seconds - b.seconds)[0]!;

const results: Record<string, unknown>[] = [];
const round = (value: number): number => Math.round(value * 100) / 100;

/** Both sides in turn, so that the machine's other work meets both. */
const compare = (name: string, what: string, peer: string, action: Action, aim: string): void => {
  if (!isAsked(name)) return;
  program(peer);
  const ours: FlowMeasured[] = [];
  const theirs: Measured[] = [];
  for (let i = 0; i < rounds; i++) {
    theirs.push(program(peer));
    ours.push(flow(action));
  }
  const [our, their] = [best(ours), best(theirs)];
  results.push({
    what,
    rows: our.rows['entries'] ?? 0,
    'agent s': round(our.seconds),
    'peer s': round(their.seconds),
    ratio: round(our.seconds / their.seconds),
    aim,
    'agent CPU s': round(our.cpuSeconds),
    'peer CPU s': round(their.cpuSeconds),
    'gzip s': round(our.gzipSeconds),
    MiB: round(our.contentMiB),
    'gzip MiB': round(our.storedMiB),
    'peak MiB': our.peakMiB,
  });
};

const finder = (globs: string[], what: 'stat' | 'hash' = 'stat', conditions: FileCondition[] = []): Action => ({
  __type__: 'FileFinder',
  globs,
  conditions,
  do: what,
});

/** What an agent costs that has nothing to do. */
const idleAgent = async (): Promise<Record<string, unknown>> => {
  const deployment = await AgentDeployment.start();
  await deployment.publishManifest({ poll_min: 10, poll_max: 10 });
  await deployment.publishQueue(deployment.allQueue, []);
  const agent = startAgentProcess(['--config', await deployment.agentConfig(), '--state', join(folder, 'state')]);
  await agent.ready;
  await delay(10_000);
  const ticks = (): number =>
    readFileSync(`/proc/${String(agent.pid)}/stat`, 'utf8')
      .split(') ')[1]!
      .split(' ')
      .slice(11, 13)
      .reduce((sum, field) => sum + Number(field), 0);
  const before = ticks();
  const seconds = Number(values['idle-seconds']);
  await delay(seconds * 1000);
  const used = ticks() - before;
  const rollup = readFileSync(`/proc/${String(agent.pid)}/smaps_rollup`, 'utf8');
  const mib = (field: string): number =>
    Math.round(Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]) / 1024);
  await agent.stop();
  await deployment.close();
  return {
    what: 'idle agent, poll 10 s',
    'resident MiB': mib('Rss'),
    'proportional MiB': mib('Pss'),
    'private MiB': mib('Private_Dirty') + mib('Private_Clean'),
    'CPU %': round(used / seconds),
  };
};

const FORMAT = String.raw`%h\t%f\t%s\t%m\t%i\t%D\t%n\t%U\t%G\t%A@\t%T@\t%C@\n`;
const out = join(folder, 'peer.out');

try {
  compare(
    'listing',
    `listing of ${root} to a collection`,
    `find ${root} -xdev -printf '${FORMAT}' > ${out}`,
    { __type__: 'ListDirectory', path: root, depth: 1000, one_device: true },
    '<= 1.0 (floor 1.5)',
  );
  const base = root === '/' ? '' : root;
  compare(
    'glob',
    `glob ${base}/**10/*.so`,
    `find ${root} -xdev -mindepth 1 -maxdepth 11 -name '*.so' > ${out}`,
    finder([`${base}/**10/*.so`]),
    '<= 1.0',
  );

  const big = join(folder, 'big');
  mkdirSync(big);
  const piece = randomBytes(16 * 2 ** 20);
  const pieces = isAsked('hash') ? Number(values['hash-mib']) / 16 : 0;
  for (let i = 0; i < pieces; i++) appendFileSync(join(big, `file-${String(i % 8)}`), piece);
  compare(
    'hash',
    `hash ${values['hash-mib']} MiB (SHA-256)`,
    `sha256sum ${big}/* > ${out}`,
    finder([`${big}/*`], 'hash'),
    '<= 1.2',
  );
  rmSync(big, { recursive: true });

  const source = join(process.cwd(), 'node_modules');
  const tree = (condition: FileCondition): Action => finder([`${source}/**30/*`], 'stat', [condition]);
  const literal = 'createServerReference';
  compare(
    'literal',
    'literal content of node_modules',
    `grep -rlF ${literal} ${source} > ${out}`,
    tree({ __type__: 'ContentsLiteral', literal: Buffer.from(literal).toString('base64') }),
    '<= 2',
  );
  const regex = 'create[A-Z][a-z]+Reference';
  compare(
    'regex',
    'regex content of node_modules',
    `grep -rlE '${regex}' ${source} > ${out}`,
    tree({ __type__: 'ContentsRegex', regex }),
    '<= 4',
  );
  console.table(results);

  const idle = isAsked('idle') ? [await idleAgent()] : [];
  console.table(idle);

  mkdirSync('bench-results', { recursive: true });
  writeFileSync(
    'bench-results/agent.json',
    JSON.stringify({ at: new Date(), cpus: cpus().length, loadavg: loadavg(), results, idle }, null, 2),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
