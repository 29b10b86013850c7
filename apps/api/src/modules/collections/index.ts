export { CollectionsModule } from './collections.module.js';
export { CollectionsService } from './collections.service.js';
export type { Collection } from './domain/collection.js';
