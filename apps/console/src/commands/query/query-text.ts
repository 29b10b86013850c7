import { createReadStream } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EfilterError, formatError, parse, type Query, type QueryParams } from '#efilter';
import { CommandError, usage } from '../../errors.js';
import { printableLines } from '../../output/escape.js';

/** Where the query comes from, and how the answer is printed. */
export interface QueryOptions {
  readonly file?: string;
  readonly parameters?: QueryParams;
  readonly json?: boolean;
}

const parameters = (text: string): QueryParams => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidArgumentError(`It must be JSON such as [5] or {"pid": 5}: ${error.message}.`);
  }
  if (typeof value === 'object' && value !== null) return value as QueryParams;
  throw new InvalidArgumentError('It must be a JSON list or object such as [5] or {"pid": 5}.');
};

/** A command about one query. @param examples are lines under "Examples:" in its help */
export const aboutQuery = (name: string, description: string, examples: readonly string[]): Command =>
  new Command(name)
    .description(description)
    .argument('[query]', 'EFILTER, such as "select Name, pid from pslist()"')
    .addOption(new Option('--file <path>', 'a file with the query instead'))
    .option('--parameters <json>', 'values of ?, {} and {0} as a list, of {name} as an object', parameters)
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);

/** No query is longer than a million characters. */
const MAX_BYTES = 4_000_000;

const textOf = async (file: string): Promise<string> => {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of createReadStream(file, { end: MAX_BYTES }) as AsyncIterable<Buffer>) {
      pieces.push(piece);
      size += piece.length;
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new CommandError(`cannot read ${file}: ${error.message}`, 1, { cause: error });
  }
  if (size > MAX_BYTES) throw new CommandError(`${file} is longer than any query: ${String(MAX_BYTES)} bytes at most`);
  return Buffer.concat(pieces).toString('utf8');
};

/** The text of the query: the argument, or what the file holds. */
export const queryText = async (argument: string | undefined, { file }: QueryOptions): Promise<string> => {
  if ((argument === undefined) === (file === undefined)) throw usage('give a query or --file, one of the two');
  return argument ?? (file === undefined ? '' : await textOf(file));
};

/** The query. A malformed one is a failure that shows line and caret. */
export const parsedQuery = (text: string, given: QueryParams | undefined): Query => {
  try {
    return parse(text, given);
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    throw new CommandError(printableLines(formatError(error, text)), 1, { cause: error });
  }
};
