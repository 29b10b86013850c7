import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseTicketKey, readTicket, type StatusTicket } from '#wire';
import type { AgentDeployment } from './agent-deployment.js';
import { until } from './other-process.js';

/** What an agent has written into a folder of its machine, each file under its key. */
export class LocalEvidence {
  constructor(readonly folder: string) {}

  /** Keys of the files, sorted. */
  async keys(): Promise<string[]> {
    return (await readdir(this.folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.folder, join(entry.parentPath, entry.name)))
      .toSorted();
  }

  bytesOf(key: string): Promise<Buffer> {
    return readFile(join(this.folder, key));
  }

  /** The final ticket of a hunt, verified; undefined while it is not there. */
  async final(huntId: string): Promise<StatusTicket | undefined> {
    if (!existsSync(this.folder)) return undefined;
    for (const key of await this.keys()) {
      const claimed = parseTicketKey(key);
      if (claimed?.kind !== 'HuntStatus') continue;
      const { ticket } = await readTicket((await this.bytesOf(key)).toString('utf8'), claimed.kind);
      if (ticket.__type__ !== 'Startup' && ticket.flow_id === huntId && ticket.state !== 'Started') return ticket;
    }
    return undefined;
  }

  /** Waits for it. */
  async finalOf(huntId: string): Promise<StatusTicket> {
    let ticket: StatusTicket | undefined;
    await until(
      `the final ticket of ${huntId} in ${this.folder}`,
      async () => (ticket = await this.final(huntId)) !== undefined,
      50_000,
    );
    return ticket!;
  }

  /** As somebody does with `aws s3 cp --recursive`: results first, tickets last. */
  async carryTo(bucket: AgentDeployment): Promise<void> {
    const keys = (await this.keys()).filter((key) => !key.startsWith('public/'));
    for (const key of keys.toSorted((a, b) => Number(a.startsWith('tickets/')) - Number(b.startsWith('tickets/'))))
      await bucket.store.put(key, await this.bytesOf(key), { contentType: 'application/octet-stream' });
  }
}
