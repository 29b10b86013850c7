export { HuntsModule } from './hunts.module.js';
export { HuntsService, type HuntView } from './hunts.service.js';
export type { Hunt, HuntClient, HuntStats } from './domain/hunt.js';
