import { type DynamicModule, type FactoryProvider, Module, type ModuleMetadata } from '@nestjs/common';
import { ChainRepository } from './chain.repository.js';
import { AuditRestore } from './restore.service.js';
import { AuditSealer, SEGMENT_SIGNER, type SegmentSigner } from './sealer.service.js';
import { SEGMENT_CA, SegmentReader } from './segment-reader.service.js';
import { AuditSequencer } from './sequencer.service.js';
import { AuditVerifier } from './verifier.service.js';

type From<T> = Pick<FactoryProvider<T>, 'inject' | 'useFactory'>;
type Certificate = ConstructorParameters<typeof SegmentReader>[1];

/** Chains and seals; for the worker, which gives what it signs with. `imports` must have PgSession and FaultPoints. */
@Module({})
export class AuditChainModule {
  static of(options: {
    imports: NonNullable<ModuleMetadata['imports']>;
    signer: From<SegmentSigner>;
    ca: From<Certificate>;
  }): DynamicModule {
    return {
      module: AuditChainModule,
      imports: options.imports,
      providers: [
        { provide: SEGMENT_SIGNER, ...options.signer },
        { provide: SEGMENT_CA, ...options.ca },
        ChainRepository,
        SegmentReader,
        AuditSequencer,
        AuditSealer,
      ],
      exports: [AuditSequencer, AuditSealer],
    };
  }
}

/** Verifies and restores; for the administrator's program. Cannot sign. */
@Module({})
export class AuditArchiveModule {
  static of(ca: From<Certificate>): DynamicModule {
    return {
      module: AuditArchiveModule,
      providers: [{ provide: SEGMENT_CA, ...ca }, ChainRepository, SegmentReader, AuditVerifier, AuditRestore],
      exports: [AuditVerifier, AuditRestore],
    };
  }
}
