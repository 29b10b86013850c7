import type { X509Certificate } from 'node:crypto';
import type { BucketClient } from '../bucket-client.js';
import { publicUrl } from '#locations/agent';
import { keys, type Manifest, MAX_MANIFEST_BYTES, readManifest, Refusal, type TrustContext } from '#wire';
import type { AgentClock } from '../clock.js';
import type { Logger } from '../logger.js';
import type { StateStore } from '../state/state-store.js';
import { PublicFile } from './public-file.js';

export interface ManifestDeps {
  http: BucketClient;
  bucketUrl: string;
  secret: string;
  ca: X509Certificate;
  state: StateStore;
  clock: AgentClock;
  logger: Logger;
  onDate: (date: Date) => void;
}

/** What the agent obeys: the newest Manifest that it verified. */
export interface Obeyed {
  manifest: Manifest;
  trust: TrustContext;
}

/** The Manifest: read at the start, again every ten minutes, and when a file's signer is not trusted. */
export class ManifestFile {
  readonly #file: PublicFile;
  #obeyed: Obeyed | undefined;
  #lastProblem: string | undefined;

  constructor(private readonly deps: ManifestDeps) {
    const url = publicUrl(deps.bucketUrl, keys.manifest(deps.secret));
    this.#file = new PublicFile(deps.http, url, MAX_MANIFEST_BYTES, deps.onDate);
  }

  get obeyed(): Obeyed | undefined {
    return this.#obeyed;
  }

  /**
   * Reads it if it changed. A bad one is refused, the reason said once, and the old one kept. Gives what the store
   * asked us to wait, in milliseconds, and whether the trust list changed.
   */
  async refresh(signal: AbortSignal): Promise<{ retryAfterMs: number; trustChanged: boolean }> {
    const read = await this.#file.read(signal);
    const nothing = { retryAfterMs: 0, trustChanged: false };
    switch (read.kind) {
      case 'same':
        return nothing;
      case 'new':
        return { retryAfterMs: 0, trustChanged: await this.#take(read.text) };
      case 'empty':
        this.#problem('there is no Manifest at this address: check bucket_url and public_secret of the configuration');
        return nothing;
      case 'failed':
        this.#problem(read.reason);
        return nothing;
      case 'wait':
        this.#problem(read.reason);
        return { retryAfterMs: read.retryAfterMs, trustChanged: false };
    }
  }

  async #take(text: string): Promise<boolean> {
    const { ca, clock, state, logger } = this.deps;
    try {
      const { manifest, trust, marks } = await readManifest(text, { ca, now: clock.now(), marks: state.marks });
      if (manifest.version !== this.#obeyed?.manifest.version) {
        await state.saveMarks(marks);
        logger.info({ version: manifest.version, epoch: trust.epoch, not_after: manifest.not_after }, 'Manifest taken');
      }
      clock.notBefore(manifest.issued_at);
      const before = this.#obeyed?.trust;
      this.#obeyed = { manifest, trust };
      this.#lastProblem = undefined;
      return (
        before?.epoch !== trust.epoch ||
        [...trust.leaves].some((leaf) => !before.leaves.has(leaf)) ||
        before.leaves.size !== trust.leaves.size
      );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#problem(`Manifest refused (${error.code}): ${error.message}`);
      return false;
    }
  }

  #problem(reason: string): void {
    if (reason === this.#lastProblem) return;
    this.#lastProblem = reason;
    this.deps.logger.warn(
      { reason },
      this.#obeyed === undefined ? 'no Manifest' : 'Manifest not taken: the old one is kept',
    );
  }
}
