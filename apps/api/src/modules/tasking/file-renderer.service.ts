import { Inject, Injectable } from '@nestjs/common';
import { ALL_LABEL, type Entry, type Grant, keys, MAX_PUBLISHED_JOB_FILE_BYTES } from '#wire';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { type ClientFile, MAX_LABEL_QUEUES, type OwnPart, renderJobFile } from './domain/job-file.js';
import { entryOf, makeRoom, type LiveFlow } from './domain/live-entry.js';
import { renderManifest } from './domain/manifest.js';
import { Grants } from './grants.service.js';
import { LabelQueues } from './label-queues.service.js';
import { PublishError } from './public-files.service.js';
import { Signer } from './signer.service.js';

/** The signed texts under `public/`, and their keys. Same input, same text, but for version, time and grants. */
@Injectable()
export class FileRenderer {
  constructor(
    private readonly grants: Grants,
    private readonly labels: LabelQueues,
    private readonly signer: Signer,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  manifestKey(): string {
    return keys.manifest(this.config.REKALL_PUBLIC_SECRET);
  }

  labelKey(label: string): string {
    return this.clientKey(this.labels.nameOf(label));
  }

  clientKey(queue: string): string {
    return keys.jobs(this.config.REKALL_PUBLIC_SECRET, queue);
  }

  /** The file of all clients of a label. Throws PublishError `queue_full`. */
  labelFile(version: number, now: Date, label: string, hunts: readonly LiveFlow[]): Promise<string> {
    return this.jobFile(version, now, this.labels.nameOf(label), hunts, undefined);
  }

  /** A client's own file; one that is not accepted, or tombstoned, learns its registration and no more. */
  clientFile(version: number, now: Date, client: ClientFile, flows: readonly LiveFlow[]): Promise<string> {
    const labels = client.tasked ? client.labels.slice(0, MAX_LABEL_QUEUES) : [];
    return this.jobFile(version, now, client.queue, client.tasked ? flows : [], {
      registeredAt: client.registeredAt,
      queues: labels.map((label) => ({ label, queue: this.labels.nameOf(label) })),
    });
  }

  async manifest(version: number, now: Date): Promise<string> {
    const { config } = this;
    const payload = renderManifest({
      deployment: config.REKALL_DEPLOYMENT,
      version,
      now,
      notAfter: this.grants.expiry(now),
      trust: this.signer.trust,
      pollMin: config.REKALL_POLL_MIN,
      pollMax: config.REKALL_POLL_MAX,
      uploadBase: `${(config.S3_PUBLIC_ENDPOINT ?? config.S3_ENDPOINT).replace(/\/+$/, '')}/${config.S3_BUCKET}`,
      ticketGrant: await this.grants.tickets(now),
      allQueue: this.labels.nameOf(ALL_LABEL),
    });
    return this.signer.text('Manifest', payload);
  }

  private async jobFile(
    version: number,
    now: Date,
    queue: string,
    flows: readonly LiveFlow[],
    own: OwnPart | undefined,
  ): Promise<string> {
    const live = flows.flatMap((flow) => {
      const entry = entryOf(flow, now);
      return entry === undefined ? [] : [{ flow, entry }];
    });
    const grants = await this.grantsFor(live, now);
    const render = async (shown: typeof live): Promise<string> =>
      this.signer.text(
        'JobFile',
        renderJobFile({
          deployment: this.config.REKALL_DEPLOYMENT,
          version,
          queue,
          now,
          entries: shown.map(({ entry }) => entry),
          grants,
          own,
        }),
      );
    const text = await render(live);
    const excess = Buffer.byteLength(text) - MAX_PUBLISHED_JOB_FILE_BYTES;
    if (excess <= 0) return text;
    const shown = makeRoom(live, excess);
    if (shown === undefined)
      throw new PublishError(
        `queue_full: the file would have ${MAX_PUBLISHED_JOB_FILE_BYTES + excess} bytes, the limit is ${MAX_PUBLISHED_JOB_FILE_BYTES}; the last one stays until flows end`,
      );
    return render(shown);
  }

  /** One upload right for each prefix, as large as the largest flow under it may need. */
  private async grantsFor(live: readonly { flow: LiveFlow; entry: Entry }[], now: Date): Promise<Grant[]> {
    const wanted = new Map<string, { flow: LiveFlow; bytes: number }>();
    for (const { flow, entry } of live)
      for (const id of entry.grants)
        wanted.set(id, { flow, bytes: Math.max(wanted.get(id)?.bytes ?? 1, flow.maxObjectBytes) });
    const grants: Grant[] = [];
    for (const { flow, bytes } of wanted.values())
      grants.push(await this.grants.results(flow.id, flow.clientId ?? '', bytes, now));
    return grants;
  }
}
