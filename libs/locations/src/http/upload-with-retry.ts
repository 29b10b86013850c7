import type { S3SignedPolicy } from '#wire';
import { backoff, MAX_RETRY_AFTER_MS, sleepFor, type Sleep } from '../backoff.js';
import { NetworkError, UploadRefused, UploadRetry } from '../errors.js';
import type { HttpClient } from './http-client.js';

/** How an upload is kept up until the store has it. */
export interface UploadRetryOptions {
  /** Ends the waiting and the sending; the promise rejects with its reason. */
  signal: AbortSignal;
  /** Called once, at the first 403 or when there is no grant: reads the job file again, so that `policySource` may give a new one. */
  onRefused?: () => Promise<void>;
  /** Default application/octet-stream. */
  contentType?: string;
  /** Bits per second. */
  rateBitsPerSecond?: number;
  /** The first wait is up to this long, each next one up to twice as long. Default 1 s. */
  firstDelayMs?: number;
  /** No wait is longer than this. Default 15 min; a `Retry-After` of up to an hour is obeyed. */
  maxDelayMs?: number;
  /** Told before each wait: what failed (undefined: there is no grant) and how long the wait is. For the log. */
  onWait?: (failure: Error | undefined, delayMs: number) => void;
  sleep?: Sleep;
  random?: () => number;
}

/** True for what waiting may mend. */
const passes = (error: unknown): error is NetworkError | UploadRetry | UploadRefused =>
  error instanceof NetworkError ||
  error instanceof UploadRetry ||
  (error instanceof UploadRefused && error.kind !== 'too-large' && error.kind !== 'final');

/**
 * Sends a file and goes on trying, with full jitter, until the store has it. The grant is asked for anew before each try. Throws
 * UploadRefused of the kinds `too-large` and `final`, the signal's reason, and what is a fault (a missing file); a refusal by 403 and a
 * missing grant are waited out.
 */
export async function uploadWithRetry(
  client: HttpClient,
  policySource: () => S3SignedPolicy | undefined | Promise<S3SignedPolicy | undefined>,
  key: string,
  filePath: string,
  options: UploadRetryOptions,
): Promise<void> {
  const { signal, onRefused, firstDelayMs = 1000, maxDelayMs = 900_000 } = options;
  const {
    contentType = 'application/octet-stream',
    rateBitsPerSecond,
    sleep = sleepFor,
    random = Math.random,
  } = options;
  let asked = false;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const policy = await policySource();
    let failure: NetworkError | UploadRetry | UploadRefused | undefined;
    if (policy !== undefined) {
      try {
        await client.upload(policy, key, filePath, {
          contentType,
          signal,
          ...(rateBitsPerSecond === undefined ? {} : { rateBitsPerSecond }),
        });
        return;
      } catch (error) {
        if (!passes(error)) throw error;
        failure = error;
      }
    }
    const refused =
      policy === undefined ||
      (failure instanceof UploadRefused && (failure.kind === 'expired' || failure.kind === 'forbidden'));
    if (refused && onRefused !== undefined && !asked) {
      asked = true;
      await onRefused();
      attempt = 0; // the next try has news: it does not wait for the last one's sake
      continue;
    }
    const retryAfterMs = failure instanceof UploadRetry ? Math.min(failure.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0;
    const delayMs = Math.max(backoff({ attempt, firstMs: firstDelayMs, maxMs: maxDelayMs, random }), retryAfterMs);
    options.onWait?.(failure, delayMs);
    await sleep(delayMs, signal);
  }
}
