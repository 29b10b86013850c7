import { Command } from 'commander';
import type { Terminal } from '../../terminal.js';
import { clientInspectCommand } from './inspect.js';
import { clientLabelCommand } from './label.js';
import { clientListCommand } from './list.js';
import { clientUsageCommand } from './usage.js';

/** `rekall client`. */
export const clientCommand = (terminal: Terminal): Command => {
  const client = new Command('client').description('the machines with an agent').addHelpText(
    'after',
    `
Examples:
  rekall client list --hostname web
  rekall client inspect C.0123456789abcdef
  rekall client label C.0123456789abcdef +web -db`,
  );
  for (const make of [clientListCommand, clientInspectCommand, clientLabelCommand, clientUsageCommand])
    client.addCommand(make(terminal));
  return client;
};
