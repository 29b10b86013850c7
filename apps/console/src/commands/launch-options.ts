import { type Command, InvalidArgumentError, Option } from 'commander';
import { ColumnType } from '#wire';
import { usage } from '../errors.js';
import { collected, wholeNumber } from './options.js';

interface ColumnSpec {
  name: string;
  type: string;
}

/** What is asked of a client or a hunt, as options. */
export interface LaunchOptions {
  type: 'ListProcesses' | 'Collect';
  condition?: string;
  description?: string;
  query?: string;
  collection?: string;
  column?: ColumnSpec[];
  index?: string[];
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

const DAY_SECONDS = 86_400;

/** Adds these options to a command. */
export const withLaunchOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--type <type>', 'what is collected').choices(['ListProcesses', 'Collect']).default('ListProcesses'),
    )
    .option('--query <efilter>', 'Collect: the query, such as "select Name as name, pid from pslist()"')
    .option('--collection <name>', 'Collect: name of the collection')
    .option('--column <name:type>', 'Collect: a column of the collection; repeat it', column)
    .option('--index <column>', 'Collect: an index; repeat it', collected)
    .option('--condition <efilter>', 'only clients take part for which this holds; each judges for itself')
    .option('--description <text>', 'for people')
    .option('--expires-in <seconds>', 'how long it waits for clients', wholeNumber(60, 90 * DAY_SECONDS))
    .option('--spread <seconds>', 'clients wait up to this long before they upload', wholeNumber(0, 7 * DAY_SECONDS))
    .option('--external-ref <text>', 'your own reference')
    .option('--idempotency-key <key>', 'the same key and request give the same object again, never a second one');

const collectInput = ({ query, collection, column: columns, index }: LaunchOptions): object => {
  if (query === undefined || collection === undefined || columns === undefined)
    throw usage('--type Collect needs --query, --collection and at least one --column');
  return { query, collection: { name: collection, columns, indexes: index ?? [] } };
};

/** The body of the request. */
export const launchInput = (options: LaunchOptions): object => {
  const { type, query, collection, column: columns, index } = options;
  if (type === 'ListProcesses' && [query, collection, columns, index].some((given) => given !== undefined))
    throw usage('--query, --collection, --column and --index belong to --type Collect');
  return {
    type,
    description: options.description,
    condition: options.condition,
    expires_in_seconds: options.expiresIn,
    spread_seconds: options.spread,
    external_ref: options.externalRef,
    ...(type === 'Collect' ? collectInput(options) : {}),
  };
};

/** The header of an `--idempotency-key`. */
export const launchHeaders = ({ idempotencyKey }: LaunchOptions): Record<string, string> => {
  if (idempotencyKey === undefined) return {};
  if (!/^[\x21-\x7e]{1,200}$/.test(idempotencyKey))
    throw usage('an --idempotency-key is 1 to 200 visible ASCII letters');
  return { 'idempotency-key': idempotencyKey };
};
