export { PatrolModule } from './patrol.module.js';
export { PatrolService } from './patrol.service.js';
