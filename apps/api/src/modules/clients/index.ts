export { ClientsModule } from './clients.module.js';
export { ClientsService } from './clients.service.js';
export { ClientObject } from './dto/client.object.js';
export type { Client, ClientDetail } from './domain/client.js';
export { ClientLabelsService, type Labelled } from './client-labels.service.js';
