export { QueuesModule } from './queues.module.js';
export { QUEUES_CHANNEL, QueuesService } from './queues.service.js';
