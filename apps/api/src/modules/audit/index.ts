export { AuditModule } from './audit.module.js';
export { AuditService } from './audit.service.js';
export type { AuditRecord } from './domain/audit-record.js';
