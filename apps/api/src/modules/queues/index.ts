export { fitsJobFile } from './domain/job-file-size.js';
export { QueuesModule } from './queues.module.js';
export { QUEUES_CHANNEL, QueuesService } from './queues.service.js';
