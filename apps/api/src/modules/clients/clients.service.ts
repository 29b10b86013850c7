import { Injectable } from '@nestjs/common';
import { type Permission } from '../../platform/access/permission.js';
import { reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { notFound } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { ClientsRepository } from './clients.repository.js';
import type { Client, ClientDetail, ClientFilter } from './domain/client.js';

@Injectable()
export class ClientsService {
  constructor(
    private readonly repository: ClientsRepository,
    private readonly work: UnitOfWork,
    private readonly audit: AuditService,
  ) {}

  list(principal: Principal, filter: ClientFilter, after: string | undefined, limit: number): Promise<Client[]> {
    requireSomewhere(principal, 'clients.read');
    return this.repository.list(this.work.plain, reachOf(principal, 'clients.read'), filter, after, limit);
  }

  /** Those of the clients that the caller may see, by id. */
  async many(principal: Principal, ids: readonly string[]): Promise<Map<string, Client>> {
    requireSomewhere(principal, 'clients.read');
    const found = await this.repository.many(this.work.plain, reachOf(principal, 'clients.read'), ids);
    return new Map(found.map((client) => [client.id, client]));
  }

  /** The same with all that is known of them. */
  async details(principal: Principal, ids: readonly string[]): Promise<Map<string, ClientDetail>> {
    requireSomewhere(principal, 'clients.read');
    const found = await this.repository.details(this.work.plain, reachOf(principal, 'clients.read'), ids);
    return new Map(found.map((client) => [client.id, client]));
  }

  /** The client, or a 404; a refusal of one that is there goes to the audit log. */
  async get(principal: Principal, id: string, permission: Permission = 'clients.read'): Promise<ClientDetail> {
    const client = await this.repository.find(this.work.plain, reachOf(principal, permission), id);
    if (client !== undefined) return client;
    if (await this.repository.exists(this.work.plain, id))
      await this.audit.denied(principal, permission, { kind: 'client', id });
    throw notFound('client', id);
  }
}
