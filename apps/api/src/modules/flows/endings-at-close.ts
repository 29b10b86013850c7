import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Endings } from './endings.service.js';

/** Lets everybody go who waits as soon as the server begins to close: it waits itself for open requests to be answered. */
@Injectable()
export class EndingsAtClose implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly endings: Endings,
  ) {}

  onModuleInit(): void {
    this.host.httpAdapter.getInstance<FastifyInstance>().addHook('preClose', (done) => {
      this.endings.letGo();
      done();
    });
  }
}
