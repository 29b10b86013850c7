import { join } from 'node:path';
import {
  type CollectionResult,
  type FileResult,
  keys,
  type LargeFileEnd,
  type LargeFileIndex,
  PART_BYTES,
  randomHex32,
  samplePosition,
  sha256Hex,
  type StoredObject,
} from '#wire';
import type { AgentClock } from '../clock.js';
import { textOf, rawPath } from '../files/raw-path.js';
import type { Spool } from '../spool/spool.js';
import type { NewItem } from '../spool/spool-item.js';
import type { Transfers } from '../state/agent-state.js';
import type { StateStore } from '../state/state-store.js';
import type { FinishedCollection, FinishedFile } from './flow-job.js';
import type { FinishedPart, LargeFile } from './large-file.js';

export interface ResultsDeps {
  clientId: string;
  spool: Spool;
  state: StateStore;
  clock: AgentClock;
}

/** Which attempt results belong to, and what is needed to go on with it after a restart. */
export interface ResultsOf extends Omit<Transfers, 'files'> {
  flowId: string;
  attempt: number;
}

const fileText = (bytes: Buffer): Pick<FileResult, 'path' | 'path_bytes'> => ({
  path: textOf(rawPath(bytes)),
  path_bytes: bytes.toString('base64'),
});

/** Takes the results of one attempt from its work folder into the spool, each under a key that nobody can guess. */
export class FlowResults {
  #files: LargeFile[];

  constructor(
    private readonly of: ResultsOf,
    private readonly dir: string,
    private readonly deps: ResultsDeps,
    transfers: readonly LargeFile[] = [],
  ) {
    this.#files = [...transfers];
  }

  /** Only large files remain to be sent: a restart goes on with them. */
  get isTransferring(): boolean {
    return this.#files.length > 0;
  }

  async collection({ file, listing_base64, ...rest }: FinishedCollection): Promise<void> {
    const { flowId } = this.of;
    const { clientId, spool } = this.deps;
    const nonce = randomHex32();
    const key =
      listing_base64 === undefined
        ? keys.analysis(flowId, clientId, rest.name, nonce)
        : keys.listing(flowId, clientId, Buffer.from(listing_base64, 'base64'), nonce);
    const collection: CollectionResult = { key, ...rest };
    await spool.addFile({ ...this.#item(key, 'application/gzip'), collection }, join(this.dir, file));
  }

  async file({ file, path_base64, ...stored }: FinishedFile): Promise<void> {
    const bytes = Buffer.from(path_base64, 'base64');
    const key = keys.file(this.of.flowId, this.deps.clientId, bytes, randomHex32(), '.gz');
    const result: FileResult = { key, ...stored, ...fileText(bytes) };
    await this.deps.spool.addFile({ ...this.#item(key, 'application/gzip'), file: result }, join(this.dir, file));
  }

  async transfers(files: readonly LargeFile[]): Promise<void> {
    this.#files = [...files];
    await this.#save();
  }

  async part(nonce: string, { file, number, ...part }: FinishedPart): Promise<void> {
    const large = this.#find(nonce);
    const key = this.#partKey(large, number);
    await this.deps.spool.addFile(
      { ...this.#item(key, 'application/gzip'), part: { nonce, number } },
      join(this.dir, file),
    );
    this.#replace(nonce, { ...large, parts: [...large.parts, part] });
    await this.#save();
  }

  async restarted(nonce: string, fresh: string): Promise<void> {
    this.#replace(nonce, { ...this.#find(nonce), nonce: fresh, parts: [] });
    await this.#save();
  }

  async failed(nonce: string): Promise<void> {
    this.#files = this.#files.filter((file) => file.nonce !== nonce);
    await this.#save();
  }

  /** All parts are made: the index names them. */
  async done(nonce: string, end: LargeFileEnd): Promise<void> {
    const large = this.#find(nonce);
    const bytes = Buffer.from(large.path_base64, 'base64');
    const index: LargeFileIndex = {
      __type__: 'LargeFileIndex',
      version: 1,
      ...fileText(bytes),
      ...end,
      part_bytes: PART_BYTES,
      parts: large.parts.map((part, number) => ({ ...part, key: this.#partKey(large, number) })),
    };
    const text = JSON.stringify(index);
    const key = keys.file(this.of.flowId, this.deps.clientId, bytes, nonce, '/index.json');
    const stored: StoredObject = {
      key,
      stored_bytes: Buffer.byteLength(text),
      stored_sha256: sha256Hex(Buffer.from(text, 'utf8')),
      content_bytes: end.size,
      content_sha256: end.sha256,
    };
    const file: FileResult = { ...stored, ...fileText(bytes), parts: Math.max(1, large.parts.length) };
    await this.deps.spool.addText({ ...this.#item(key, 'application/json'), file }, text, false);
    this.#files = this.#files.filter((other) => other.nonce !== nonce);
    await this.#save();
  }

  #partKey(large: LargeFile, part: number): string {
    const path = Buffer.from(large.path_base64, 'base64');
    return keys.file(this.of.flowId, this.deps.clientId, path, large.nonce, { part });
  }

  #find(nonce: string): LargeFile {
    const found = this.#files.find((file) => file.nonce === nonce);
    if (found === undefined) throw new Error(`a part of a file that is not being sent: ${nonce}`);
    return found;
  }

  #replace(nonce: string, file: LargeFile): void {
    this.#files = this.#files.map((other) => (other.nonce === nonce ? file : other));
  }

  #save(): Promise<void> {
    const { flowId, attempt, ...plan } = this.of;
    return this.deps.state.setTransfers(flowId, attempt, { ...plan, files: this.#files });
  }

  #item(key: string, content_type: string): NewItem {
    const { flowId, attempt, spread_seconds } = this.of;
    const { clientId, clock } = this.deps;
    const share = Number.parseInt(samplePosition(flowId, clientId).slice(0, 8), 16) / 2 ** 32;
    const wait = spread_seconds * 1000 * share;
    return {
      kind: 'result',
      key,
      content_type,
      flow: { flow_id: flowId, attempt },
      ...(wait < 1 ? {} : { not_before: new Date(clock.now().getTime() + wait).toISOString() }),
    };
  }
}
