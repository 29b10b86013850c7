import { Command } from 'commander';
import type { Terminal } from '../../terminal.js';
import { downloadCommand } from '../files/download.js';
import { filesCommand } from '../files/list.js';
import { OF_HUNT } from '../files/of.js';
import { huntClientsCommand } from './clients.js';
import { huntCreateCommand } from './create.js';
import { huntInspectCommand } from './inspect.js';
import { huntListCommand } from './list.js';
import { huntRecruitmentCommand } from './recruitment.js';
import { huntResultsCommand } from './results.js';
import { huntStopCommand } from './stop.js';

/** `rekall hunt`. */
export const huntCommand = (terminal: Terminal): Command => {
  const hunt = new Command('hunt').description('one question to many clients').addHelpText(
    'after',
    `
Examples:
  rekall hunt create --type ListProcesses --label All --wait
  rekall hunt results H_0123456789abcdef --where 'pid > 100'
  rekall hunt create --help`,
  );
  for (const make of [
    huntCreateCommand,
    huntListCommand,
    huntInspectCommand,
    huntClientsCommand,
    huntRecruitmentCommand,
    huntResultsCommand,
    huntStopCommand,
  ])
    hunt.addCommand(make(terminal));
  for (const make of [filesCommand, downloadCommand]) hunt.addCommand(make(OF_HUNT, terminal));
  return hunt;
};
