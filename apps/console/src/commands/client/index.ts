import { Command } from 'commander';
import type { Terminal } from '../../terminal.js';
import { clientInspectCommand } from './inspect.js';
import { clientListCommand } from './list.js';

/** `rekall client`. */
export const clientCommand = (terminal: Terminal): Command => {
  const client = new Command('client').description('the machines with an agent').addHelpText(
    'after',
    `
Examples:
  rekall client list --hostname web
  rekall client inspect C.0123456789abcdef`,
  );
  for (const make of [clientListCommand, clientInspectCommand]) client.addCommand(make(terminal));
  return client;
};
