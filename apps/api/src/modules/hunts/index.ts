export { HuntsModule } from './hunts.module.js';
export { HuntsService } from './hunts.service.js';
export { type HuntClientNode, HuntClientObject, HuntObject } from './dto/hunt.object.js';
export type { Hunt } from './domain/hunt.js';
