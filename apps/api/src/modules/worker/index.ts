export { IntakeModule } from './intake.module.js';
export { IntakeService } from './intake.service.js';
export { openTicket } from './domain/open-ticket.js';
export type { StoredTicket } from './domain/stored-ticket.js';
export { TicketSink, type TakenIn } from './ticket-sink.service.js';
export { WorkerLoop } from './worker-loop.service.js';
export { WorkerLoopModule } from './worker-loop.module.js';
