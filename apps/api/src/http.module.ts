import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AuditHttpModule, AuditModule } from './modules/audit/index.js';
import { AuthModule, SignInModule } from './modules/auth/index.js';
import { BucketModule } from './modules/bucket/index.js';
import { ClientsModule } from './modules/clients/index.js';
import { CollectionsModule } from './modules/collections/index.js';
import { FilesModule } from './modules/files/index.js';
import { FlowsModule } from './modules/flows/index.js';
import { HealthModule } from './modules/health/index.js';
import { HuntsModule } from './modules/hunts/index.js';
import { MeModule } from './modules/me/index.js';
import { QuarantineModule } from './modules/quarantine/index.js';
import { QueriesModule } from './modules/queries/index.js';
import { QueuesModule } from './modules/queues/index.js';
import { UploadsModule } from './modules/uploads/index.js';
import { UsersModule } from './modules/users/index.js';
import { AccessModule } from './platform/access/access.module.js';
import { ClockModule } from './platform/clock/clock.module.js';
import type { HttpConfig } from './platform/config/env.js';
import { COMMON_CONFIG, HTTP_CONFIG } from './platform/config/tokens.js';
import { GraphqlPlatformModule } from './platform/graphql/graphql.module.js';
import { HttpPlatformModule } from './platform/http/http.module.js';
import { loggingModule } from './platform/logging/logging.js';
import { PrismaModule } from './platform/prisma/prisma.module.js';
import { StoreModule } from './platform/store/store.module.js';

@Global()
@Module({})
class HttpConfigModule {
  static of(config: HttpConfig): DynamicModule {
    const providers = [
      { provide: COMMON_CONFIG, useValue: config },
      { provide: HTTP_CONFIG, useValue: config },
    ];
    return { module: HttpConfigModule, providers, exports: providers };
  }
}

/** The HTTP role: every door, no signing key. */
@Module({})
export class HttpModule {
  static of(config: HttpConfig): DynamicModule {
    return {
      module: HttpModule,
      imports: [
        HttpConfigModule.of(config),
        loggingModule(config.LOG_LEVEL),
        ClockModule,
        PrismaModule,
        StoreModule,
        HttpPlatformModule,
        GraphqlPlatformModule.of(),
        AccessModule,
        AuditModule,
        AuditHttpModule,
        AuthModule,
        UsersModule,
        SignInModule,
        QueuesModule,
        MeModule,
        HealthModule,
        ClientsModule,
        FlowsModule,
        HuntsModule,
        QueriesModule,
        CollectionsModule,
        FilesModule,
        UploadsModule,
        BucketModule,
        QuarantineModule,
      ],
    };
  }
}
