export { LedgerModule } from './ledger.module.js';
export { LedgerRegister } from './ledger-register.service.js';
