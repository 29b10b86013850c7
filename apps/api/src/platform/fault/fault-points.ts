import { Inject, Injectable } from '@nestjs/common';
import type { WorkerConfig } from '../config/env.js';
import { WORKER_CONFIG } from '../config/tokens.js';

/** Where a process can be made to die, so that tests see what a crash there leaves behind. */
export const FAULT_POINTS = [
  'before-publish',
  'after-publish',
  'before-commit',
  'after-ledger',
  'after-delete',
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

/** Kills this process, without any clean-up, at the point that REKALL_FAULT names. */
@Injectable()
export class FaultPoints {
  constructor(@Inject(WORKER_CONFIG) private readonly config: Pick<WorkerConfig, 'REKALL_FAULT'>) {}

  reached(point: FaultPoint): void {
    if (this.config.REKALL_FAULT === point) process.kill(process.pid, 'SIGKILL');
  }
}
