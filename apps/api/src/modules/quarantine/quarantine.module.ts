import { Module } from '@nestjs/common';
import { QuarantineController } from './quarantine.controller.js';
import { QuarantineRepository } from './quarantine.repository.js';
import { QuarantineResolver } from './quarantine.resolver.js';
import { QuarantineService } from './quarantine.service.js';

@Module({
  controllers: [QuarantineController],
  providers: [QuarantineRepository, QuarantineService, QuarantineResolver],
})
export class QuarantineModule {}
