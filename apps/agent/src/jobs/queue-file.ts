import type { BucketClient } from '../bucket-client.js';
import { publicUrl } from '#locations/agent';
import { type JobFile, keys, type Marks, MAX_JOB_FILE_BYTES, readJobFile, Refusal, type TrustContext } from '#wire';
import type { Logger } from '../logger.js';
import { type JobEntry, type QueueRole, readEntries } from './job-entry.js';
import { PublicFile, type PublicRead } from './public-file.js';

export interface QueueDeps {
  http: BucketClient;
  bucketUrl: string;
  secret: string;
  logger: Logger;
  onDate: (date: Date) => void;
  knownDigest: (flowId: string, attempt: number) => string | undefined;
}

const isAboutSigner = (refusal: Refusal): boolean =>
  refusal.code === 'trust-missing-leaf' || refusal.code.startsWith('cert-');

/** One queue as this agent last verified it. */
export class QueueFile {
  readonly #file: PublicFile;
  #jobFile: JobFile | undefined;
  #entries: readonly JobEntry[] = [];
  #lastProblem: string | undefined;
  #isRefused = false;
  #needsTrust = false;

  constructor(
    readonly queue: string,
    readonly role: QueueRole,
    private readonly deps: QueueDeps,
  ) {
    const url = publicUrl(deps.bucketUrl, keys.jobs(deps.secret, queue));
    this.#file = new PublicFile(deps.http, url, MAX_JOB_FILE_BYTES, deps.onDate);
  }

  /** What this queue asks for; empty while there is no file. */
  get entries(): readonly JobEntry[] {
    return this.#entries;
  }

  /** The last file that was verified. */
  get jobFile(): JobFile | undefined {
    return this.#jobFile;
  }

  /** The file in the bucket was refused: it is judged again when the trust list was read again. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** The file, or a spec in it, was refused for its signer since this was last asked. */
  takeNeedsTrust(): boolean {
    const needs = this.#needsTrust;
    this.#needsTrust = false;
    return needs;
  }

  /** The next read judges the file again, changed or not. */
  forget(): void {
    this.#file.forget();
  }

  /** Only the network's part: files are fetched in parallel, and taken one after another. */
  fetch(signal: AbortSignal): Promise<PublicRead> {
    return this.#file.read(signal);
  }

  /**
   * Takes what was fetched. A file that is refused costs nothing: what was verified before stays, the reason is said
   * once. `save` makes the new marks durable before anything of the file is used. True when there is a new file.
   */
  async take(
    read: PublicRead,
    options: { trust: TrustContext; now: Date; marks: Marks; save: (marks: Marks) => Promise<void> },
  ): Promise<boolean> {
    switch (read.kind) {
      case 'same':
        return false;
      case 'empty':
        // No flows; what is known of grants and labels stays until a file says otherwise.
        this.#entries = this.#entries.map((entry) => ({ ...entry, state: 'closed' as const }));
        return false;
      case 'failed':
      case 'wait':
        this.#problem(read.reason, 'queue not read');
        return false;
      case 'new':
        return this.#verify(read.text, options);
    }
  }

  async #verify(
    text: string,
    options: { trust: TrustContext; now: Date; marks: Marks; save: (marks: Marks) => Promise<void> },
  ): Promise<boolean> {
    const { trust, now } = options;
    try {
      const { jobFile, marks } = await readJobFile(text, { trust, queue: this.queue, now, marks: options.marks });
      const { entries, refused } = await readEntries(jobFile, {
        role: this.role,
        trust,
        now,
        knownDigest: this.deps.knownDigest,
      });
      await options.save(marks);
      this.#jobFile = jobFile;
      this.#entries = entries;
      this.#isRefused = false;
      if (refused.some(({ refusal }) => isAboutSigner(refusal))) this.#needsTrust = true;
      this.#lastProblem = undefined;
      for (const { flowId, attempt, refusal } of refused)
        this.deps.logger.warn(
          { flow_id: flowId, attempt, code: refusal.code, reason: refusal.message },
          'entry refused',
        );
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#isRefused = true;
      if (isAboutSigner(error)) this.#needsTrust = true;
      this.#problem(`${error.code}: ${error.message}`, 'job file refused: the one before is kept');
      return false;
    }
  }

  #problem(reason: string, message: string): void {
    if (reason === this.#lastProblem) return;
    this.#lastProblem = reason;
    const queue = this.role.kind === 'own' ? 'own' : this.role.label;
    this.deps.logger.warn({ queue, reason }, message);
  }
}
