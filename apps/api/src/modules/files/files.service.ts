import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { isWhole, reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { notFound } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import type { CollectedFile } from './domain/collected-file.js';
import { DownloadGate } from './download-gate.js';
import { FileContents } from './file-contents.service.js';
import { FilesRepository } from './files.repository.js';

/** Uploaded files, for who may read the collections of their clients. */
@Injectable()
export class FilesService {
  constructor(
    private readonly repository: FilesRepository,
    private readonly contents: FileContents,
    private readonly gate: DownloadGate,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
  ) {}

  /** In order of id; on record, since paths and hashes are what was collected. */
  async list(
    principal: Principal,
    filter: { flowId?: string | undefined; clientId?: string | undefined },
    after: string | undefined,
    limit: number,
  ): Promise<CollectedFile[]> {
    requireSomewhere(principal, 'collections.read');
    await this.audit.read(principal, {
      action: 'collections.read',
      objectKind: 'files',
      objectId: filter.flowId ?? filter.clientId,
      details: { flow_id: filter.flowId ?? null, client_id: filter.clientId ?? null },
    });
    return this.repository.list(this.work.plain, reachOf(principal, 'collections.read'), filter, after, limit);
  }

  /** Whether the caller sees files of a part of the fleet only. */
  isPartial(principal: Principal): boolean {
    return !isWhole(reachOf(principal, 'collections.read'));
  }

  async get(principal: Principal, id: string): Promise<CollectedFile> {
    const found = await this.repository.find(this.work.plain, reachOf(principal, 'collections.read'), id);
    if (found !== undefined) return found;
    if (await this.repository.exists(this.work.plain, id))
      await this.audit.denied(principal, 'collections.read', { kind: 'file', id });
    throw notFound('file', id);
  }

  /**
   * The file as it was on its machine, on record before the first byte is given out. Throws DomainError as
   * {@link DownloadGate.enter} and {@link FileContents.open} do.
   */
  async download(principal: Principal, id: string): Promise<{ file: CollectedFile; content: Readable }> {
    const file = await this.get(principal, id);
    const leave = this.gate.enter(principal.userId);
    try {
      await this.audit.read(principal, {
        action: 'collections.read',
        objectKind: 'file',
        objectId: id,
        details: { download: true, client_id: file.clientId, flow_id: file.flowId, path: file.path },
      });
      const content = await this.contents.open(file);
      content.once('close', leave);
      return { file, content };
    } catch (error) {
      leave();
      throw error;
    }
  }
}
