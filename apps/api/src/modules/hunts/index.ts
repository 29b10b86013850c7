export { HuntsModule } from './hunts.module.js';
export { HuntsService, type HuntView } from './hunts.service.js';
export { type HuntClientNode, HuntClientObject, HuntObject } from './dto/hunt.object.js';
export type { Hunt, HuntClient, HuntStats } from './domain/hunt.js';
