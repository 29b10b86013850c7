export { ClientsModule } from './clients.module.js';
export { ClientsService } from './clients.service.js';
export { ClientObject } from './dto/client.object.js';
export type { Client } from './domain/client.js';
