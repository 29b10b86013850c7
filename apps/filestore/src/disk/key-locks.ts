/** One change of a key at a time; different keys do not wait for each other. */
export class KeyLocks {
  private readonly tails = new Map<string, Promise<void>>();

  /** Runs the task after the tasks of the same key that were given before. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key);
    const own = Promise.withResolvers<undefined>();
    const tail = own.promise;
    this.tails.set(key, tail);
    await before;
    try {
      return await task();
    } finally {
      if (this.tails.get(key) === tail) this.tails.delete(key);
      own.resolve(undefined);
    }
  }
}
