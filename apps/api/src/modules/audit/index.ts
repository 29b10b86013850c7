export { AuditArchiveModule, AuditChainModule } from './audit-chain.module.js';
export { AuditHttpModule } from './audit-http.module.js';
export { AuditModule } from './audit.module.js';
export { AuditService } from './audit.service.js';
export { AuditRestore } from './restore.service.js';
export { AuditSealer } from './sealer.service.js';
export { AuditSequencer } from './sequencer.service.js';
export { AuditVerifier } from './verifier.service.js';
