import { type FetchResult, NetworkError, TooLarge } from '#locations/agent';
import type { BucketClient } from '../bucket-client.js';
import { messageOf } from '../errors.js';

/** What reading a public file gave. `failed`: no usable answer, or more bytes than allowed. */
export type PublicRead =
  | { kind: 'new'; text: string }
  | { kind: 'same' }
  | { kind: 'empty' }
  | { kind: 'wait'; retryAfterMs: number; reason: string }
  | { kind: 'failed'; reason: string };

/** A public object that is read again and again: only when it changed does its text come. */
export class PublicFile {
  #etag: string | undefined;
  #lastModified: string | undefined;

  constructor(
    private readonly http: BucketClient,
    private readonly url: string,
    private readonly maxBytes: number,
    /** Told the `Date` of each answer. */
    private readonly onDate: (date: Date) => void,
  ) {}

  /** The next read gives the text, changed or not. */
  forget(): void {
    this.#etag = undefined;
    this.#lastModified = undefined;
  }

  async read(signal: AbortSignal): Promise<PublicRead> {
    let result: FetchResult;
    try {
      result = await this.http.fetchPublic(this.url, {
        maxBytes: this.maxBytes,
        signal,
        ...(this.#etag === undefined ? {} : { etag: this.#etag }),
        ...(this.#lastModified === undefined ? {} : { lastModified: this.#lastModified }),
      });
    } catch (error) {
      if (error instanceof NetworkError || error instanceof TooLarge)
        return { kind: 'failed', reason: messageOf(error) };
      throw error;
    }
    if (result.kind !== 'wait' && result.serverDate !== undefined) this.onDate(result.serverDate);
    switch (result.kind) {
      case 'ok':
        this.#etag = result.etag;
        this.#lastModified = result.lastModified;
        return { kind: 'new', text: result.text };
      case 'not-modified':
        return { kind: 'same' };
      case 'empty':
        this.forget();
        return { kind: 'empty' };
      case 'wait':
        return {
          kind: 'wait',
          retryAfterMs: result.retryAfterMs ?? 0,
          reason: `the store answered ${result.status}`,
        };
    }
  }
}
