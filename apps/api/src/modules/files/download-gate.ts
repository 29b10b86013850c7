import { Injectable } from '@nestjs/common';
import { DomainError } from '../../platform/errors/domain-error.js';

/** Each holds a connection to the store, of which all requests share 64, for as long as its reader likes. */
const AT_ONCE = 32;
const AT_ONCE_EACH = 8;
const RETRY_SECONDS = 5;

/** How many files are downloaded at the same time, by one user and by all: who reads slowly must not keep the others out. */
@Injectable()
export class DownloadGate {
  readonly #byUser = new Map<string, number>();
  #all = 0;

  /** Answers how to leave again, to be called once or more. Throws DomainError `file/too-many-downloads`. */
  enter(userId: string): () => void {
    const own = this.#byUser.get(userId) ?? 0;
    if (own >= AT_ONCE_EACH || this.#all >= AT_ONCE)
      throw new DomainError(
        'limited',
        'file/too-many-downloads',
        own >= AT_ONCE_EACH
          ? `You download ${own} files already; go on when one of them is through.`
          : `${this.#all} files are downloaded already; try again shortly.`,
        { retryAfterSeconds: RETRY_SECONDS },
      );
    this.#count(userId, 1);
    let inside = true;
    return () => {
      if (inside) this.#count(userId, -1);
      inside = false;
    };
  }

  #count(userId: string, more: 1 | -1): void {
    const own = (this.#byUser.get(userId) ?? 0) + more;
    if (own === 0) this.#byUser.delete(userId);
    else this.#byUser.set(userId, own);
    this.#all += more;
  }
}
