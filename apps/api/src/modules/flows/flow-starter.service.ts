import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { FlowChangeInput, NewFlow } from './domain/flow.js';
import { FlowsRepository } from './flows.repository.js';

/** How the features above (hunts) write flows: the rows, not the rules of who may. */
@Injectable()
export class FlowStarter {
  constructor(private readonly repository: FlowsRepository) {}

  create(tx: Tx, flow: NewFlow): Promise<void> {
    return this.repository.create(tx, flow);
  }

  lock(tx: Tx, id: string): ReturnType<FlowsRepository['lock']> {
    return this.repository.lock(tx, id);
  }

  change(tx: Tx, input: FlowChangeInput): Promise<void> {
    return this.repository.change(tx, input);
  }
}
