import { Command } from 'commander';
import type { Terminal } from '../../terminal.js';
import { downloadCommand } from '../files/download.js';
import { filesCommand } from '../files/list.js';
import { OF_FLOW } from '../files/of.js';
import { flowCancelCommand } from './cancel.js';
import { flowInspectCommand } from './inspect.js';
import { flowLaunchCommand } from './launch.js';
import { flowListCommand } from './list.js';

/** `rekall flow`. */
export const flowCommand = (terminal: Terminal): Command => {
  const flow = new Command('flow').description('one task of one client').addHelpText(
    'after',
    `
Examples:
  rekall flow launch C.0123456789abcdef --type ListProcesses --wait
  rekall flow inspect F_0123456789abcdef
  rekall flow download F_0123456789abcdef --to evidence`,
  );
  for (const make of [flowLaunchCommand, flowListCommand, flowInspectCommand, flowCancelCommand])
    flow.addCommand(make(terminal));
  for (const make of [filesCommand, downloadCommand]) flow.addCommand(make(OF_FLOW, terminal));
  return flow;
};
