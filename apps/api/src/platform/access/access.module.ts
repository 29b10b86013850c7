import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { AccessInventory } from './access-inventory.js';

/** The guard for every handler and the inventory that stops the start. */
@Module({
  imports: [DiscoveryModule],
  providers: [AccessInventory, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [AccessInventory],
})
export class AccessModule {}
