import { rename, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const PRELOAD = new URL('./moved-clock-preload.mjs', import.meta.url);
/** Longer than a program goes on with the time that it read last. */
const SEEN_MS = 100;

/** A clock ahead of the machine's by as much as a test likes, for real programs and for the test's own process. */
export class MovedClock {
  #ahead = 0;

  private constructor(private readonly file: string) {}

  /** The test's own process goes by it from now on. */
  static async start(file: string): Promise<MovedClock> {
    const clock = new MovedClock(file);
    await clock.moveTo(0);
    process.env['REKALL_TEST_CLOCK'] = file;
    await import(PRELOAD.href);
    return clock;
  }

  /** For programs that are started with an environment. */
  get environment(): Record<string, string> {
    return { NODE_OPTIONS: `--import=${PRELOAD.href}`, REKALL_TEST_CLOCK: this.file };
  }

  /** The same as a command that becomes the program. */
  get command(): string[] {
    return ['/usr/bin/env', ...Object.entries(this.environment).map(([name, value]) => `${name}=${value}`)];
  }

  /** How far it is ahead, milliseconds. */
  get ahead(): number {
    return this.#ahead;
  }

  /** Moves it; everybody who goes by it has seen it when this resolves. */
  async moveTo(aheadMs: number): Promise<void> {
    this.#ahead = aheadMs;
    await writeFile(`${this.file}.new`, String(aheadMs));
    await rename(`${this.file}.new`, this.file);
    await delay(SEEN_MS);
  }
}
