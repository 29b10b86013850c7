export { RebuildModule } from './rebuild.module.js';
export { RebuildService, type Rebuilt } from './rebuild.service.js';
export { RecountService } from './recount.service.js';
export type { Difference } from './recount.repository.js';
