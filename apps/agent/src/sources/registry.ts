import type { Environment, HostFunction } from '#efilter';
import type { FlowJob } from '../runner/flow-job.js';
import { agentInfo } from './agent-info.js';
import { type ProcessRow, processes } from './proc.js';

/** A source as it is documented, and how to make it for a flow. */
interface Source {
  name: string;
  description: string;
  platforms: readonly NodeJS.Platform[] | 'all';
  params: NonNullable<HostFunction['params']>;
  columns: readonly string[];
  /** Rows for the arguments; `agent` is what the flow knows of its agent. */
  rows: (args: Parameters<HostFunction['call']>[0], agent: FlowJob['agent']) => Iterable<object>;
}

const PSLIST_COLUMNS = [
  'Name',
  'pid',
  'ppid',
  'start_time',
  'cmdline',
  'exe',
  'username',
  'uid',
  'cpu_user',
  'cpu_system',
  'rss',
  'threads',
  'state',
  'cwd',
] as const satisfies readonly (keyof ProcessRow)[];

const pidsOf = (value: unknown): number[] | undefined => (Array.isArray(value) ? value.map(Number) : undefined);

/** Everything that a query can read on this agent. */
export const SOURCES: readonly Source[] = [
  {
    name: 'agent_info',
    description: 'What this agent and its machine are: system, node, fqdn, release, labels and the like.',
    platforms: 'all',
    params: [],
    columns: ['key', 'value'],
    rows: (_args, agent) => agentInfo(agent),
  },
  {
    name: 'pslist',
    description: 'Running processes. Times in seconds since 1970, CPU in seconds, rss in bytes.',
    platforms: ['linux'],
    params: [{ name: 'pids', type: 'number', array: true }],
    columns: PSLIST_COLUMNS,
    rows: ({ named }) => processes(pidsOf(named['pids'])),
  },
];

const runsHere = (source: Source): boolean => source.platforms === 'all' || source.platforms.includes(process.platform);

/** The sources that work on this platform. */
export const sourceNames = (): string[] => SOURCES.filter(runsHere).map((source) => source.name);

const hostFunction = (source: Source, job: FlowJob): HostFunction => ({
  name: source.name,
  kind: 'source',
  params: source.params,
  columns: source.columns,
  call(args) {
    if (!runsHere(source)) throw new Error(`${process.platform} has no source ${source.name}`);
    if (!job.sources.includes(source.name))
      throw new Error(`the configuration of this agent does not allow the source ${source.name}`);
    return source.rows(args, job.agent) as Iterable<Record<string, never>>;
  },
});

/** What the queries of a flow can see: every source, those that it may not use included, which say so when called. */
export const environmentFor = (job: FlowJob): Environment => ({
  functions: Object.fromEntries(SOURCES.map((source) => [source.name, hostFunction(source, job)])),
});
