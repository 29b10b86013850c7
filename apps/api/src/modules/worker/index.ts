export { IntakeModule } from './intake.module.js';
export { IntakeService } from './intake.service.js';
export { openTicket } from './domain/open-ticket.js';
export type { OpenedTicket, StoredTicket } from './domain/stored-ticket.js';
export { TicketSink, type TakeInOptions, type TakenIn } from './ticket-sink.service.js';
export { WorkerLoop, type Pass } from './worker-loop.service.js';
export { WorkerLoopModule } from './worker-loop.module.js';
