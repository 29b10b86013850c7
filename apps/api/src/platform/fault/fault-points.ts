import { Inject, Injectable } from '@nestjs/common';
import type { CommonConfig } from '../config/env.js';
import { COMMON_CONFIG } from '../config/tokens.js';

/** Where a process can be made to die, so that tests see what a crash there leaves behind. */
export const FAULT_POINTS = [
  'after-hunt-commit',
  'before-publish',
  'after-publish',
  'before-commit',
  'after-ledger',
  'after-delete',
  'before-chain',
  'after-chain',
  'after-seal',
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

/** Kills this process, without any clean-up, at the point that REKALL_FAULT names. */
@Injectable()
export class FaultPoints {
  constructor(@Inject(COMMON_CONFIG) private readonly config: Pick<CommonConfig, 'REKALL_FAULT'>) {}

  reached(point: FaultPoint): void {
    if (this.config.REKALL_FAULT === point) process.kill(process.pid, 'SIGKILL');
  }
}
