import type { CollectionSpec, ColumnSpec, Table } from './collection-spec.js';
import type { Action, Spec } from './spec.js';

/*
 * Collections of the actions whose shape is the contract's own: only Collect carries a shape in its spec. Agents write
 * them, the worker knows what it may read of them.
 */

const column = (name: string, type: ColumnSpec['type'], description?: string): ColumnSpec =>
  description === undefined ? { name, type } : { name, type, description };

/** Columns of a stat entry, as in the paper, and the exact path. Times in seconds. */
const STAT_COLUMNS: readonly ColumnSpec[] = [
  column('dirname', 'unicode'),
  column('filename', 'unicode'),
  column('path_bytes', 'bytes', 'the whole path exactly; NULL where dirname and filename are exact'),
  column('st_mode', 'int'),
  column('st_mode_str', 'unicode'),
  ...['st_ino', 'st_dev', 'st_nlink', 'st_uid', 'st_gid', 'st_size'].map((name) => column(name, 'int')),
  ...['st_atime', 'st_mtime', 'st_ctime'].map((name) => column(name, 'epoch')),
];

/** Table of what could not be read. */
const PROBLEMS: Table = {
  name: 'problems',
  columns: [
    column('path', 'unicode'),
    column('path_bytes', 'bytes', 'the path exactly; NULL where `path` is'),
    column('reason', 'unicode'),
  ],
  indexes: [],
};

/** What ListDirectory fills. */
export const LISTING_COLLECTION: CollectionSpec = {
  __type__: 'Collection',
  name: 'listing',
  tables: [{ name: 'entries', columns: [...STAT_COLUMNS], indexes: ['dirname'] }, PROBLEMS],
};

const foundFiles = (name: string): CollectionSpec => ({
  __type__: 'Collection',
  name,
  tables: [
    {
      name: 'entries',
      columns: [
        ...STAT_COLUMNS,
        column('sha256', 'unicode', 'of the content, where it was read in one piece'),
        column('uploaded', 'bool', 'the file itself comes too'),
        column('note', 'unicode', 'why it was not read, or what happened meanwhile'),
      ],
      indexes: ['dirname'],
    },
    PROBLEMS,
  ],
});

/** Files that FileFinder found, with what was done about each. */
export const FILE_FINDER_COLLECTION: CollectionSpec = foundFiles('file_finder');
/** The same for GetFiles. */
export const GET_FILES_COLLECTION: CollectionSpec = foundFiles('get_files');

/** What Interrogate fills: names and values, and one table each for what is a list. */
export const INTERROGATE_COLLECTION: CollectionSpec = {
  __type__: 'Collection',
  name: 'interrogate',
  tables: [
    { name: 'system_info', columns: [column('key', 'unicode'), column('value', 'unicode')], indexes: [] },
    {
      name: 'interfaces',
      columns: [column('name', 'unicode'), column('mac', 'unicode'), column('addresses', 'json')],
      indexes: [],
    },
    {
      name: 'users',
      columns: [column('username', 'unicode'), column('uid', 'int'), column('home', 'unicode')],
      indexes: [],
    },
  ],
};

/** The uploaded files of a flow, where there are too many for its ticket. */
export const FILES_COLLECTION: CollectionSpec = {
  __type__: 'Collection',
  name: 'files',
  tables: [
    {
      name: 'files',
      columns: [
        column('path', 'unicode'),
        column('path_bytes', 'bytes'),
        column('key', 'unicode'),
        column('stored_bytes', 'int'),
        column('stored_sha256', 'unicode'),
        column('content_bytes', 'int'),
        column('content_sha256', 'unicode'),
        column('parts', 'int'),
      ],
      indexes: [],
    },
  ],
};

const collectionOf = (action: Action): CollectionSpec | undefined => {
  switch (action.__type__) {
    case 'Collect':
      return action.collection;
    case 'ListDirectory':
      return LISTING_COLLECTION;
    case 'FileFinder':
      return FILE_FINDER_COLLECTION;
    case 'GetFiles':
      return GET_FILES_COLLECTION;
    case 'Interrogate':
      return INTERROGATE_COLLECTION;
    case 'CollectArtifacts':
      return undefined;
  }
};

/** The collections that a flow may report, by name: nothing else that a ticket names is a result of it. */
export const collectionsOfSpec = (spec: Spec): Map<string, CollectionSpec> => {
  const found = [FILES_COLLECTION, ...spec.actions.flatMap((action) => collectionOf(action) ?? [])];
  return new Map(found.map((collection) => [collection.name, collection]));
};
