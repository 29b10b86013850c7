import { PROCESS_SOURCES as DECLARED } from '#sources';
import { netstat } from './network.js';
import { processes } from './proc.js';
import { environ, lsof, maps } from './process-files.js';
import { implemented, numbersOf, type Source } from './source.js';

/** Sources about running processes. */
export const PROCESS_SOURCES: readonly Source[] = implemented(DECLARED, {
  pslist: ({ pids }) => processes(numbersOf(pids)),
  netstat: ({ pids }) => netstat(numbersOf(pids)),
  lsof: ({ pids }) => lsof(numbersOf(pids)),
  environ: ({ pids }) => environ(numbersOf(pids)),
  maps: ({ pids }) => maps(numbersOf(pids)),
});
