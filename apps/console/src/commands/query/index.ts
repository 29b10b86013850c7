import { Command } from 'commander';
import type { Terminal } from '../../terminal.js';
import { queryExplainCommand } from './explain.js';
import { queryValidateCommand } from './validate.js';

/** `rekall query`. */
export const queryCommand = (terminal: Terminal): Command => {
  const query = new Command('query')
    .description('looks at EFILTER queries without running them; needs no deployment')
    .addHelpText(
      'after',
      `
Examples:
  rekall query validate 'select Name, pid from pslist() where pid > 100'
  rekall query explain --file hunt.efilter`,
    );
  for (const make of [queryValidateCommand, queryExplainCommand]) query.addCommand(make(terminal));
  return query;
};
