import { parseArgs } from 'node:util';

export interface WorkerOptions {
  once: boolean;
  exitWithParent: boolean;
}

/** Parses the command line. Throws an error that names what it does not know. */
export const parseWorkerOptions = (args: string[]): WorkerOptions => {
  const { values } = parseArgs({
    args,
    options: { once: { type: 'boolean', default: false }, 'exit-with-parent': { type: 'boolean', default: false } },
    strict: true,
    allowPositionals: false,
  });
  return { once: values.once, exitWithParent: values['exit-with-parent'] };
};
