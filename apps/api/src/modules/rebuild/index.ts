export { RebuildModule } from './rebuild.module.js';
export { RebuildService } from './rebuild.service.js';
export { RecountService } from './recount.service.js';
