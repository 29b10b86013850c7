import { Module } from '@nestjs/common';
import { MeController } from './me.controller.js';
import { MeResolver } from './me.resolver.js';

@Module({ controllers: [MeController], providers: [MeResolver] })
export class MeModule {}
