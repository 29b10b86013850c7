import type { Environment, HostFunction } from '#efilter';
import { columnKindsOf } from '#sources';
import type { FlowJob } from '../runner/flow-job.js';
import { FILE_SOURCES } from './file-sources.js';
import { PROCESS_SOURCES } from './process-sources.js';
import type { Source } from './source.js';
import { SYSTEM_SOURCES } from './system-sources.js';

/** Everything that a query can read on this agent. */
export const SOURCES: readonly Source[] = [...SYSTEM_SOURCES, ...PROCESS_SOURCES, ...FILE_SOURCES];

/** The same by name. */
export const SOURCES_BY_NAME: ReadonlyMap<string, Source> = new Map(SOURCES.map((source) => [source.name, source]));

const runsHere = (source: Source): boolean => source.platforms === 'all' || source.platforms.includes(process.platform);

/** The sources that work on this platform. */
export const sourceNames = (): string[] => SOURCES.filter(runsHere).map((source) => source.name);

/** What sources need to know of a flow. */
type SourceJob = Pick<FlowJob, 'sources' | 'agent' | 'work_dir'>;

const hostFunction = (source: Source, job: SourceJob): HostFunction => ({
  name: source.name,
  kind: 'source',
  params: source.params,
  columns: Object.keys(source.columns),
  columnKinds: columnKindsOf(source.columns),
  call({ named }) {
    if (!runsHere(source)) throw new Error(`${process.platform} has no source ${source.name}`);
    if (!job.sources.includes(source.name))
      throw new Error(`the configuration of this agent does not allow the source ${source.name}`);
    return source.rows(named, job) as Iterable<Record<string, never>>;
  },
});

/** What the queries of a flow can see: every source, those that it may not use included, which say so when called. */
export const environmentFor = (job: SourceJob): Environment => ({
  functions: Object.fromEntries(SOURCES.map((source) => [source.name, hostFunction(source, job)])),
});
