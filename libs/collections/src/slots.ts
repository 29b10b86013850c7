import { ResourceExceeded } from './errors.js';

/** Lets so many works run at once and so many wait; one more is an error, not a longer queue. */
export class Slots {
  private running = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly most: number,
    private readonly mostWaiting: number,
  ) {}

  /** @throws ResourceExceeded `readers` when too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.most) this.running += 1;
    else {
      if (this.queue.length >= this.mostWaiting) throw new ResourceExceeded('readers', `${this.most} at once`);
      // The one that ends hands its place over.
      await new Promise<void>((go) => this.queue.push(go));
    }
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
