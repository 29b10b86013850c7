import { Module } from '@nestjs/common';
import { TaskingBaseModule } from '../tasking/index.js';
import { IntakeReads } from './intake-reads.repository.js';
import { IntakeService } from './intake.service.js';
import { IntakeWrites } from './intake-writes.repository.js';
import { ObjectLocator } from './object-locator.service.js';
import { RegistrationGateRepository } from './registration-gate.repository.js';
import { RegistrationGate } from './registration-gate.service.js';
import { StartupSink } from './startup-sink.service.js';
import { StatusSink } from './status-sink.service.js';
import { TicketBodies } from './ticket-bodies.js';
import { TicketChooser } from './ticket-chooser.service.js';
import { TicketSink } from './ticket-sink.service.js';
import { TicketSource } from './ticket-source.service.js';

/** Taking tickets in: for the worker and for rebuild. */
@Module({
  imports: [TaskingBaseModule],
  providers: [
    IntakeReads,
    IntakeWrites,
    ObjectLocator,
    StartupSink,
    StatusSink,
    TicketSink,
    TicketSource,
    TicketChooser,
    RegistrationGateRepository,
    RegistrationGate,
    { provide: TicketBodies, useFactory: () => new TicketBodies() },
    IntakeService,
  ],
  exports: [IntakeService, ObjectLocator, TicketBodies, TicketSink],
})
export class IntakeModule {}
