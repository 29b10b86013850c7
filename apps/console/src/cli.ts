import { Command, CommanderError } from 'commander';
import { EmbeddedError } from '#embedded';
import { auditCommand } from './commands/audit.js';
import { bucketCommand } from './commands/bucket.js';
import { clientCommand } from './commands/client/index.js';
import { configCommand } from './commands/config.js';
import { demoCommand } from './commands/demo.js';
import { destroyCommand } from './commands/destroy.js';
import { doctorCommand } from './commands/doctor.js';
import { flowCommand } from './commands/flow/index.js';
import { huntCommand } from './commands/hunt/index.js';
import { initCommand } from './commands/init.js';
import { meCommand } from './commands/me.js';
import { queryCommand } from './commands/query/index.js';
import { rebuildCommand } from './commands/rebuild.js';
import { rotateCommand } from './commands/rotate.js';
import { statusCommand } from './commands/status.js';
import { upCommand } from './commands/up.js';
import { viewCommand } from './commands/view.js';
import { workerCommand } from './commands/worker.js';
import { CommandError } from './errors.js';
import { Stopped } from './services/signals.js';
import type { Terminal } from './terminal.js';

const VERSION = '0.1.0';

const COMMANDS = [
  demoCommand,
  initCommand,
  upCommand,
  huntCommand,
  flowCommand,
  clientCommand,
  queryCommand,
  viewCommand,
  bucketCommand,
  auditCommand,
  meCommand,
  statusCommand,
  workerCommand,
  rebuildCommand,
  rotateCommand,
  doctorCommand,
  destroyCommand,
  configCommand,
];

const program = (terminal: Terminal): Command => {
  const rekall = new Command('rekall')
    .description('Endpoint forensics and hunting over a bucket.')
    .version(VERSION)
    .addHelpText(
      'after',
      `
Examples:
  rekall demo                                  everything on this machine, a first hunt
  rekall up --dir /srv/rekall --agents 2       a deployment of your own
  rekall hunt create --type ListProcesses --label All --wait
  rekall COMMAND --help                        what a command can do, with examples`,
    );
  for (const make of COMMANDS) rekall.addCommand(make(terminal));
  quiet(rekall, terminal);
  return rekall;
};

/** Every command: errors are thrown, not printed by commander; no argument too many. */
const quiet = (command: Command, terminal: Terminal): void => {
  command
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.progress(text.trimEnd()), // the help of a command that needs a subcommand
      outputError: () => undefined, // run() reports it
    });
  for (const child of command.commands) quiet(child, terminal);
};

const SIGNAL_EXIT: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Runs a command line (without node and script) and answers the exit code: 0, 1 when it failed, 2 when the command line
 * is wrong. Every failure that a person can mend is one clear line; others are thrown.
 */
export const run = async (argv: readonly string[], terminal: Terminal): Promise<number> => {
  try {
    await program(terminal).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return ofCommander(error, terminal);
    if (error instanceof Stopped) return SIGNAL_EXIT[error.signal] ?? 1;
    if (error instanceof CommandError) {
      terminal.progress(`rekall: ${error.message}`);
      return error.exitCode;
    }
    if (error instanceof EmbeddedError || isSystemError(error)) {
      terminal.progress(`rekall: ${error.message}`);
      return 1;
    }
    throw error;
  }
};

/** What the operating system refused: no space, no right, not a folder. Its message names the call, and most its path. */
const isSystemError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;

const ofCommander = (error: CommanderError, terminal: Terminal): number => {
  if (error.exitCode === 0) return 0; // --help, --version
  if (error.code === 'commander.help') return 2; // a subcommand is missing; its help was shown
  terminal.progress(`rekall: ${error.message.replace(/^error: /, '')} (see --help)`);
  return 2;
};
