import { Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/index.js';
import { TaskingBaseModule } from '../tasking/index.js';
import { DatabaseCheckRepository } from './database-check.repository.js';
import { DatabaseCheck } from './database-check.service.js';
import { HuntBudgetsRepository } from './hunt-budgets.repository.js';
import { HuntBudgets } from './hunt-budgets.service.js';
import { OrphansRepository } from './orphans.repository.js';
import { Orphans } from './orphans.service.js';
import { PatrolRepository } from './patrol.repository.js';
import { PatrolService } from './patrol.service.js';

/** The worker's look through all that agents have uploaded. */
@Module({
  imports: [TaskingBaseModule, LedgerModule],
  providers: [
    DatabaseCheckRepository,
    DatabaseCheck,
    HuntBudgetsRepository,
    HuntBudgets,
    OrphansRepository,
    Orphans,
    PatrolRepository,
    PatrolService,
  ],
  exports: [PatrolService],
})
export class PatrolModule {}
