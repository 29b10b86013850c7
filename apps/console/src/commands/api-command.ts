import { Command, Option } from 'commander';
import { connect, type ConnectOptions } from '../api/connect.js';
import type { ApiClient } from '../api/client.js';
import type { Format } from '../output/print.js';
import { DEFAULT_DIR, httpUrl, wholeNumber } from './options.js';

/** Options of every command that talks to the API. */
export type ApiOptions = ConnectOptions & Format;

/** Options of every list. */
export type ListOptions = ApiOptions & { limit: number };

/** A command that talks to the API. @param examples are lines under "Examples:" in its help */
export const apiCommand = (name: string, description: string, examples: readonly string[]): Command =>
  new Command(name)
    .description(description)
    .option(
      '--dir <dir>',
      'folder of a deployment on this machine: where the API’s address and the token come from',
      DEFAULT_DIR,
    )
    .option('--api <url>', 'the API, without /api/v1; else REKALL_API, else what rekall up left in --dir', httpUrl)
    .option('--token <token>', 'else REKALL_TOKEN, else DIR/token; others can see it in the process list')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);

/** The same for a list: `--csv` and `--limit`. */
export const listCommand = (name: string, description: string, examples: readonly string[], limit = 100): Command =>
  apiCommand(name, description, examples)
    .addOption(new Option('--csv', 'print comma-separated values').conflicts('json'))
    .option('--limit <n>', 'at most so many', wholeNumber(1, 1_000_000), limit);

/** Connects, then does the command's work. */
export const withApi = async (options: ConnectOptions, work: (api: ApiClient) => Promise<void>): Promise<void> =>
  work(await connect(options));
