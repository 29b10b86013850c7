import { Global, Module } from '@nestjs/common';
import { Clock, IdGenerator } from './clock.js';

@Global()
@Module({ providers: [Clock, IdGenerator], exports: [Clock, IdGenerator] })
export class ClockModule {}
