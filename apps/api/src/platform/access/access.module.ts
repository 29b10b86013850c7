import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { Authenticator } from './authenticator.js';
import { AccessInventory } from './access-inventory.js';

/** The guard for every handler and the inventory that stops the start. */
@Module({
  imports: [DiscoveryModule],
  providers: [AccessInventory, Authenticator, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [AccessInventory, Authenticator],
})
export class AccessModule {}
