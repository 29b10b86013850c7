export { QuarantineModule } from './quarantine.module.js';
