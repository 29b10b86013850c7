import { Module } from '@nestjs/common';
import { LedgerRegister } from './ledger-register.service.js';
import { LedgerRepository } from './ledger.repository.js';

/** Which archive objects this database knows of: for who writes, reads and compares them. */
@Module({ providers: [LedgerRepository, LedgerRegister], exports: [LedgerRegister] })
export class LedgerModule {}
