import { type Command, InvalidArgumentError, Option } from 'commander';
import { ColumnType } from '#wire';
import { usage } from '../errors.js';
import { collected, wholeNumber } from './options.js';

interface ColumnSpec {
  name: string;
  type: string;
}

const TYPES = ['ListProcesses', 'Collect', 'ListDirectory', 'FileFinder', 'GetFiles', 'Interrogate'] as const;
type LaunchType = (typeof TYPES)[number];

/** What is asked of a client or a hunt, as options. */
export interface LaunchOptions {
  type: LaunchType;
  condition?: string;
  description?: string;
  query?: string;
  collection?: string;
  column?: ColumnSpec[];
  index?: string[];
  path?: string[];
  depth?: number;
  allDevices?: boolean;
  filter?: string;
  glob?: string[];
  fileCondition?: object[];
  do?: string;
  maxFileBytes?: number;
  expiresIn?: number;
  spread?: number;
  externalRef?: string;
  idempotencyKey?: string;
}

const column = (text: string, before: ColumnSpec[] | undefined): ColumnSpec[] => {
  const [, name, type] = /^([A-Za-z]\w*):(\w+)$/.exec(text) ?? [];
  const known = ColumnType.safeParse(type);
  if (name === undefined || !known.success)
    throw new InvalidArgumentError(`It must be NAME:TYPE with one of ${ColumnType.options.join(', ')}.`);
  return [...(before ?? []), { name, type: known.data }];
};

const CONDITION_EXAMPLE = '{"type":"Size","min":1}';

const fileCondition = (text: string, before: object[] | undefined): object[] => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidArgumentError(`It must be JSON such as ${CONDITION_EXAMPLE}: ${error.message}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgumentError(`It must be a JSON object such as ${CONDITION_EXAMPLE}.`);
  return [...(before ?? []), value];
};

const DAY_SECONDS = 86_400;

/** Adds these options to a command. */
export const withLaunchOptions = (command: Command): Command =>
  command
    .addOption(new Option('--type <type>', 'what is collected').choices(TYPES).default('ListProcesses'))
    .option('--query <efilter>', 'Collect: the query, such as "select Name as name, pid from pslist()"')
    .option('--collection <name>', 'Collect: name of the collection')
    .option('--column <name:type>', 'Collect: a column of the collection; repeat it', column)
    .option('--index <column>', 'Collect: an index; repeat it', collected)
    .option('--path <path>', 'ListDirectory: the directory; GetFiles: a file, repeat it', collected)
    .option('--depth <n>', 'ListDirectory: 1 is the directory itself (default)', wholeNumber(1, 1000))
    .option('--all-devices', 'ListDirectory: other file systems too')
    .option('--filter <efilter>', 'ListDirectory: what is kept, such as "st_size > 1000000"')
    .option('--glob <glob>', 'FileFinder: /etc/**5/*.conf, %%users.homedir%%/.ssh/*; repeat it', collected)
    .option('--file-condition <json>', `FileFinder: ${CONDITION_EXAMPLE}, as over REST; repeat it`, fileCondition)
    .addOption(
      new Option('--do <what>', 'FileFinder: what is done about each file').choices(['stat', 'hash', 'upload']),
    )
    .option('--max-file-bytes <n>', 'FileFinder, GetFiles: larger files are not read', wholeNumber(1, 2 ** 50))
    .option('--condition <efilter>', 'only clients take part for which this holds; each judges for itself')
    .option('--description <text>', 'for people')
    .option('--expires-in <seconds>', 'how long it waits for clients', wholeNumber(60, 90 * DAY_SECONDS))
    .option('--spread <seconds>', 'clients wait up to this long before they upload', wholeNumber(0, 7 * DAY_SECONDS))
    .option('--external-ref <text>', 'your own reference')
    .option('--idempotency-key <key>', 'the same key and request give the same object again, never a second one');

/** The options that only some types know. */
const OPTIONS_OF: Record<LaunchType, readonly (keyof LaunchOptions)[]> = {
  ListProcesses: [],
  Interrogate: [],
  Collect: ['query', 'collection', 'column', 'index'],
  ListDirectory: ['path', 'depth', 'allDevices', 'filter'],
  FileFinder: ['glob', 'fileCondition', 'do', 'maxFileBytes'],
  GetFiles: ['path', 'maxFileBytes'],
};
const ALL_OPTIONS = new Set(Object.values(OPTIONS_OF).flat());

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const collectInput = ({ query, collection, column: columns, index }: LaunchOptions): object => {
  if (query === undefined || collection === undefined || columns === undefined)
    throw usage('--type Collect needs --query, --collection and at least one --column');
  return { query, collection: { name: collection, columns, indexes: index ?? [] } };
};

const listDirectoryInput = ({ path, depth, allDevices, filter }: LaunchOptions): object => {
  if (path?.length !== 1) throw usage('--type ListDirectory needs one --path');
  return { path: path[0], depth, one_device: allDevices === true ? false : undefined, filter };
};

const fileFinderInput = (options: LaunchOptions): object => {
  if (options.glob === undefined) throw usage('--type FileFinder needs at least one --glob');
  const { glob: globs, fileCondition: conditions, maxFileBytes: max_file_bytes } = options;
  return { globs, conditions, do: options.do, max_file_bytes };
};

const getFilesInput = ({ path: paths, maxFileBytes: max_file_bytes }: LaunchOptions): object => {
  if (paths === undefined) throw usage('--type GetFiles needs at least one --path');
  return { paths, max_file_bytes };
};

const INPUT_OF: Record<LaunchType, (options: LaunchOptions) => object> = {
  ListProcesses: () => ({}),
  Interrogate: () => ({}),
  Collect: collectInput,
  ListDirectory: listDirectoryInput,
  FileFinder: fileFinderInput,
  GetFiles: getFilesInput,
};

/** The body of the request. */
export const launchInput = (options: LaunchOptions): object => {
  const { type } = options;
  const foreign = [...ALL_OPTIONS].filter((name) => options[name] !== undefined && !OPTIONS_OF[type].includes(name));
  if (foreign.length > 0) throw usage(`${foreign.map(flagOf).join(', ')}: not with --type ${type}`);
  return {
    type,
    description: options.description,
    condition: options.condition,
    expires_in_seconds: options.expiresIn,
    spread_seconds: options.spread,
    external_ref: options.externalRef,
    ...INPUT_OF[type](options),
  };
};

/** The header of an `--idempotency-key`. */
export const launchHeaders = ({ idempotencyKey }: LaunchOptions): Record<string, string> => {
  if (idempotencyKey === undefined) return {};
  if (!/^[\x21-\x7e]{1,200}$/.test(idempotencyKey))
    throw usage('an --idempotency-key is 1 to 200 visible ASCII letters');
  return { 'idempotency-key': idempotencyKey };
};
