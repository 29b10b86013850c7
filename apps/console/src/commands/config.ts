import { Command, Option } from 'commander';
import { z } from 'zod';
import { type Format, printList } from '../output/print.js';
import { adminCommand, filestoreConfigDoc } from '../services/admin.js';
import type { Terminal } from '../terminal.js';

const Variable = z.object({ name: z.string(), role: z.string(), default: z.string(), description: z.string() });

/** `rekall config`. */
export const configCommand = (terminal: Terminal): Command => {
  const config = new Command('config')
    .description('the configuration of the API’s roles and the file store')
    .addHelpText('after', '\nExamples:\n  rekall config doc');
  config.addCommand(
    new Command('doc')
      .description('every environment variable: who reads it, its default, what it is')
      .option('--json', 'print it as JSON')
      .addOption(new Option('--csv', 'print comma-separated values').conflicts('json'))
      .addHelpText('after', '\nExamples:\n  rekall config doc\n  rekall config doc --json')
      .action(async (options: Format) => {
        const schema = z.object({ config: z.array(Variable) });
        const roles = await adminCommand(['config-doc'], {}, schema);
        const store = await filestoreConfigDoc(schema);
        printList(
          terminal,
          options,
          [
            { head: 'name', of: (v) => v.name },
            { head: 'role', of: (v) => v.role },
            { head: 'default', of: (v) => v.default },
            { head: 'description', of: (v) => v.description },
          ],
          [...roles.config, ...store.config],
        );
      }),
  );
  return config;
};
