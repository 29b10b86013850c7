import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { LocationConfigError } from '#locations/agent';
import { clockSkewFromEnvironment, faultFromEnvironment, loadSettings, startedFileFromEnvironment } from './config.js';
import { messageOf, StartError } from './errors.js';
import { faultAt } from './fault.js';
import { createLogger, LOG_LEVELS, type LogLevel } from './logger.js';
import { runAgent } from './run-agent.js';
import { AGENT_VERSION } from './version.js';

/** Where lines for people and programs go. */
export interface Terminal {
  out: (line: string) => void;
  error: (line: string) => void;
}

interface CommonOptions {
  config?: string;
  state?: string;
  offline?: string;
  logLevel: LogLevel;
  logFile?: string;
  exitWithParent?: boolean;
}

const positive = (text: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('it must be a number above 0');
  return value;
};

const positiveInt = (text: string): number => {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('it must be a whole number');
  return value;
};

const share = (text: string): number => {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('it must be a number from 0 to 1');
  return value;
};

const withCommonOptions = (command: Command): Command =>
  command
    .option('--config <file>', 'the configuration that `rekall init` wrote')
    .option('--state <dir>', 'folder for key, state and spool, instead of state_dir in the configuration')
    .option(
      '--offline <folder>',
      'a folder that stands in for the bucket: jobs are read from it, results written to it',
    )
    .addOption(new Option('--log-level <level>', 'what is logged').choices(LOG_LEVELS).default('info'))
    .option('--log-file <file>', 'append the log to this file instead of standard error')
    .option('--exit-with-parent', 'stop when standard input is closed');

/** Aborted by SIGTERM, SIGINT and, where asked, by the end of standard input. */
const stopSignal = (exitWithParent: boolean): AbortSignal => {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (exitWithParent) process.stdin.once('end', stop).once('error', stop).resume().unref();
  return abort.signal;
};

const prepare = async (options: CommonOptions) => {
  if (options.config === undefined) throw new StartError('no configuration: give --config FILE (see --help)');
  return {
    settings: await loadSettings(options.config, { stateDir: options.state, offline: options.offline }),
    logger: createLogger({ level: options.logLevel, file: options.logFile }),
    signal: stopSignal(options.exitWithParent ?? false),
  };
};

/** Not for ordinary agents: what it needs is loaded here. */
const printSources = async (terminal: Terminal, markdown: boolean): Promise<void> => {
  const { sourceCells, sourcesPage } = await import('./sources/describe.js');
  const { SOURCES } = await import('./sources/registry.js');
  if (markdown) {
    terminal.out(sourcesPage(SOURCES));
    return;
  }
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: ['source', 'platforms', 'parameters', 'columns'],
    colWidths: [44, 11, 20, 44],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const source of SOURCES) table.push(sourceCells(source));
  terminal.out(table.toString());
};

const buildCommand = (terminal: Terminal): Command => {
  const program = new Command('rekall-agent')
    .description('The endpoint agent: reads signed jobs from a bucket, runs them here, uploads what came of them.')
    .version(AGENT_VERSION)
    .allowExcessArguments(false)
    .option('--once', 'one poll and everything that it asks for, then the end')
    .addHelpText(
      'after',
      `
Examples:
  rekall-agent --config agent.json --state /var/lib/rekall-agent
  rekall-agent --config agent.json --once --log-level debug
  rekall-agent --config agent.json --once --offline /media/stick/evidence
  rekall-agent sources
  rekall-agent pool --clients 100 --poll 5 --config agent.json --state ./pool

Once the Manifest is verified and the Startup ticket is on its way, one line {"ready":true,"client_id":...} is printed.
SIGTERM lets running flows end, for at most 10 seconds.`,
    );
  withCommonOptions(program).action(async (options: CommonOptions & { once?: boolean }) => {
    const fault = faultAt(faultFromEnvironment());
    const prepared = await prepare(options);
    await runAgent({
      ...prepared,
      fault,
      clockSkewMs: clockSkewFromEnvironment(),
      startedFile: startedFileFromEnvironment(),
      once: options.once ?? false,
      onReady: (clientId) => terminal.out(JSON.stringify({ ready: true, client_id: clientId })),
    });
  });
  program
    .command('sources')
    .description('the sources that queries can read: parameters, columns, platforms')
    .option('--markdown', 'as the page docs/sources.md')
    .action((options: { markdown?: boolean }) => printSources(terminal, options.markdown ?? false));
  program
    .command('pool')
    .description('many simulated agents in one process (flows run inline, state without fsync): for tests and benches')
    .requiredOption('--clients <n>', 'how many', positiveInt)
    .requiredOption('--poll <seconds>', 'seconds between polls of each', positive)
    .option('--misbehave <rate>', 'which share of them is bad, each in one of many ways (0 to 1)', share, 0)
    .action(async (options: { clients: number; poll: number; misbehave: number }, command: Command) => {
      const prepared = await prepare(command.optsWithGlobals<CommonOptions>());
      // Not for ordinary agents: it runs flows in this process, and loads what they need.
      const { runPool } = await import('./pool/pool.js');
      await runPool({
        ...prepared,
        clients: options.clients,
        pollSeconds: options.poll,
        misbehave: options.misbehave,
        onReady: (ids, bad) =>
          terminal.out(
            JSON.stringify({ ready: true, clients: ids.length, runner: 'inline', bad: Object.fromEntries(bad) }),
          ),
      });
    });
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.error(`rekall-agent: ${text.trim().replace(/^error: /, '')}`),
    });
  return program;
};

/** Runs the command line; the result is the exit code. What a person can mend is one line on standard error. */
export const main = async (argv: readonly string[], terminal: Terminal): Promise<number> => {
  try {
    await buildCommand(terminal).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof StartError || error instanceof LocationConfigError) {
      terminal.error(`rekall-agent: ${messageOf(error)}`);
      return 2;
    }
    throw error;
  }
};
