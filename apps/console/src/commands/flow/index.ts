import { Command } from 'commander';
import type { Terminal } from '../../terminal.js';
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
  rekall flow inspect F_0123456789abcdef`,
  );
  for (const make of [flowLaunchCommand, flowListCommand, flowInspectCommand, flowCancelCommand])
    flow.addCommand(make(terminal));
  return flow;
};
