import { Module } from '@nestjs/common';
import { TaskingBaseModule } from '../tasking/index.js';
import { IntakeReads } from './intake-reads.repository.js';
import { IntakeService } from './intake.service.js';
import { IntakeWrites } from './intake-writes.repository.js';
import { ResultObjects } from './result-objects.service.js';
import { StartupSink } from './startup-sink.service.js';
import { StatusSink } from './status-sink.service.js';
import { TicketChooser } from './ticket-chooser.service.js';
import { TicketSink } from './ticket-sink.service.js';
import { TicketSource } from './ticket-source.service.js';

/** Taking tickets in: for the worker and for rebuild. */
@Module({
  imports: [TaskingBaseModule],
  providers: [
    IntakeReads,
    IntakeWrites,
    ResultObjects,
    StartupSink,
    StatusSink,
    TicketSink,
    TicketSource,
    TicketChooser,
    IntakeService,
  ],
  exports: [IntakeService, TicketSink],
})
export class IntakeModule {}
