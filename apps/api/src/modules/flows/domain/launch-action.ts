import { check, EfilterError, formatDiagnostic, parse, type Query, type RowColumns, sourcesOf } from '#efilter';
import { DECLARED_BY_NAME, DECLARED_SOURCES, pushDown, ROW_COLUMNS } from '#sources';
import type { Action, CollectAction } from '#wire';
import { malformedQuery, wrongQuery } from '../../../platform/efilter/query-error.js';
import { fileCondition } from '../dto/file-condition.input.js';
import type { LaunchInput } from '../dto/launch.input.js';

type InputOf<T extends LaunchInput['type']> = Extract<LaunchInput, { type: T }>;

/** The paper’s query, with what an analyst asks next: command line, executable and user. */
const LIST_PROCESSES: CollectAction = {
  __type__: 'Collect',
  queries: { mode_live_api: 'select Name as name, pid, ppid, start_time, cmdline, exe, username from pslist()' },
  collection: {
    __type__: 'Collection',
    name: 'pslist',
    tables: [
      {
        name: 'pslist',
        columns: [
          { name: 'name', type: 'unicode' },
          { name: 'pid', type: 'int' },
          { name: 'ppid', type: 'int' },
          { name: 'start_time', type: 'epoch' },
          { name: 'cmdline', type: 'unicode' },
          { name: 'exe', type: 'unicode' },
          { name: 'username', type: 'unicode' },
        ],
        indexes: ['pid'],
      },
    ],
  },
};

type Parameters = InputOf<'Collect'>['query_parameters'];

/** The query as it is; parameters are bound while parsing. */
const parsed = (text: string, pointer: string, parameters: Parameters): Query => {
  try {
    return parse(text, parameters);
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    throw malformedQuery(error, text, pointer);
  }
};

/**
 * The sources that a query reads. Throws `efilter/parse` with the place for what is not EFILTER, and `efilter/check`
 * for what is sure to fail on agents of this version. `row`: it is a bare condition on rows of these columns.
 */
export const checkedQuery = (
  text: string,
  pointer: string,
  { parameters, row }: { parameters?: Parameters; row?: RowColumns } = {},
): readonly string[] => {
  const query = parsed(text, pointer, parameters);
  const wrong = check(pushDown(query, DECLARED_BY_NAME), DECLARED_SOURCES, row).find(
    ({ severity }) => severity === 'error',
  );
  if (wrong !== undefined) throw wrongQuery(wrong, formatDiagnostic(wrong, text), pointer);
  return sourcesOf(query);
};

/** An action as it is asked for, not yet checked by the wire's own schema, and what an agent must have for it. */
export interface LaunchAction {
  action: { __type__: Action['__type__'] } & Record<string, unknown>;
  /** Sources that its queries read. */
  sources: readonly string[];
  /** Beyond the action itself. */
  capabilities: readonly string[];
}

const LARGE_FILES = ['parts.1'];

const collect = (input: InputOf<'Collect'>): LaunchAction => ({
  action: {
    __type__: 'Collect',
    queries: { mode_live_api: input.query },
    ...(input.query_parameters === undefined ? {} : { query_parameters: input.query_parameters }),
    collection: {
      __type__: 'Collection',
      name: input.collection.name,
      tables: [{ name: input.collection.name, columns: input.collection.columns, indexes: input.collection.indexes }],
    },
  },
  sources: checkedQuery(input.query, '/query', { parameters: input.query_parameters }),
  capabilities: [],
});

const listDirectory = ({ path, depth, one_device, filter }: InputOf<'ListDirectory'>): LaunchAction => ({
  action: { __type__: 'ListDirectory', path, depth, one_device, ...(filter === undefined ? {} : { filter }) },
  sources: filter === undefined ? [] : checkedQuery(filter, '/filter', { row: ROW_COLUMNS.listing }),
  capabilities: [],
});

const maxFileBytes = (bytes: number | undefined): object => (bytes === undefined ? {} : { max_file_bytes: bytes });

const fileFinder = (input: InputOf<'FileFinder'>): LaunchAction => ({
  action: {
    __type__: 'FileFinder',
    globs: input.globs,
    conditions: input.conditions.map(fileCondition),
    do: input.do,
    ...maxFileBytes(input.max_file_bytes),
  },
  sources: [],
  capabilities: input.do === 'upload' ? LARGE_FILES : [],
});

const getFiles = (input: InputOf<'GetFiles'>): LaunchAction => ({
  action: { __type__: 'GetFiles', paths: input.paths, ...maxFileBytes(input.max_file_bytes) },
  sources: [],
  capabilities: LARGE_FILES,
});

/** What is asked for as an action. Throws `efilter/parse` for a query that is not EFILTER. */
export const launchAction = (input: LaunchInput): LaunchAction => {
  switch (input.type) {
    case 'ListProcesses':
      return { action: LIST_PROCESSES, sources: ['pslist'], capabilities: [] };
    case 'Collect':
      return collect(input);
    case 'ListDirectory':
      return listDirectory(input);
    case 'FileFinder':
      return fileFinder(input);
    case 'GetFiles':
      return getFiles(input);
    case 'Interrogate':
      return { action: { __type__: 'Interrogate' }, sources: [], capabilities: [] };
  }
};
