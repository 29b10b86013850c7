import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { codeOf } from '../errors.js';

/** Names one process for good: a pid is used again, a pid with its start time is not. */
export const ProcessMark = z.object({
  pid: z.int().positive(),
  /** Field 22 of /proc/<pid>/stat: clock ticks since boot. Absent where there is no /proc. */
  start_ticks: z.int().nonnegative().optional(),
  boot_id: z.string().max(64).optional(),
});
export type ProcessMark = z.infer<typeof ProcessMark>;

const readProc = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR') return undefined;
    throw error;
  }
};

const startTicks = (pid: number): number | undefined => {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name, in brackets, may hold anything; a zombie has ended.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
};

const bootId = (): string | undefined => readProc('/proc/sys/kernel/random/boot_id')?.trim();

/** The mark of a running process; only the pid where the platform tells no more. */
export const markProcess = (pid: number): ProcessMark => {
  const ticks = startTicks(pid);
  const boot = bootId();
  return {
    pid,
    ...(ticks === undefined ? {} : { start_ticks: ticks }),
    ...(boot === undefined ? {} : { boot_id: boot }),
  };
};

/** True when that very process still runs: same boot, same pid, same start time. Without /proc nobody can tell: false. */
export const stillRuns = (mark: ProcessMark): boolean =>
  mark.start_ticks !== undefined && mark.boot_id === bootId() && startTicks(mark.pid) === mark.start_ticks;
