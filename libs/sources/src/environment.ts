import type { ColumnKind, Environment, HostFunction, RowColumns } from '#efilter';
import type { ColumnType } from '#wire';
import type { SourceDeclaration } from './declaration.js';
import { FILE_SOURCES } from './file-sources.js';
import { PROCESS_SOURCES } from './process-sources.js';
import { SYSTEM_SOURCES } from './system-sources.js';

/** What a column holds besides null, where it is one kind of value. */
const KINDS: Readonly<Record<ColumnType, ColumnKind | undefined>> = {
  int: 'number',
  float: 'number',
  epoch: 'number',
  unicode: 'string',
  bytes: 'string',
  bool: 'boolean',
  json: undefined,
};

/** The kinds of a source's columns, for `check`; those that may hold anything are left out. */
export const columnKindsOf = (columns: SourceDeclaration['columns']): Record<string, ColumnKind> =>
  Object.fromEntries(
    Object.entries(columns).flatMap(([name, type]) => {
      const kind = KINDS[type];
      return kind === undefined ? [] : [[name, kind] as const];
    }),
  );

/** The row of a table of these columns, for `check` of a bare condition. */
export const rowColumnsOf = (columns: readonly { readonly name: string; readonly type: ColumnType }[]): RowColumns =>
  Object.fromEntries(columns.map(({ name, type }) => [name, KINDS[type]]));

const declared = (name: string, { params, columns, more, pushdown }: SourceDeclaration): HostFunction => ({
  name,
  kind: 'source',
  params,
  ...(more === true ? {} : { columns: Object.keys(columns), columnKinds: columnKindsOf(columns) }),
  ...(pushdown === undefined ? {} : { pushdown }),
  call: () => {
    throw new Error(`${name} can only be read on an agent`);
  },
});

/** Every source that agents of this version have, by name. */
export const DECLARED_BY_NAME: ReadonlyMap<string, SourceDeclaration> = new Map(
  Object.entries<SourceDeclaration>({ ...SYSTEM_SOURCES, ...PROCESS_SOURCES, ...FILE_SOURCES }),
);

/** The same, declared but not to be read: what `check` and `explain` look at. */
export const DECLARED_SOURCES: Environment = {
  functions: Object.fromEntries(
    [...DECLARED_BY_NAME].map(([name, declaration]) => [name, declared(name, declaration)]),
  ),
};
