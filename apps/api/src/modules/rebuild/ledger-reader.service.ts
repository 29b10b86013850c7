import { Injectable } from '@nestjs/common';
import { createInterface } from 'node:readline';
import { pipeline, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LedgerLine } from '#wire';
import { Store } from '../../platform/store/store.module.js';

/** An archive object never inflates to more: 32 MiB of tickets, escaped, and what stands around them. */
const MAX_INFLATED_BYTES = 256 * 1024 * 1024;

/** An object under `ledger/` or `quarantine/` that is not one of ours. */
export class LedgerDamaged extends Error {
  override readonly name = 'LedgerDamaged';
}

/** Reads archive objects line by line, whatever their size. */
@Injectable()
export class LedgerReader {
  constructor(private readonly store: Store) {}

  /** Archive objects in the order in which they were written. */
  async *objects(prefix: string): AsyncGenerator<{ key: string; writtenAt: Date }> {
    for await (const { key, lastModified } of this.store.bucket.listAll(prefix)) yield { key, writtenAt: lastModified };
  }

  /** Throws LedgerDamaged for what cannot be read. */
  async *lines(key: string): AsyncGenerator<LedgerLine> {
    const got = await this.store.bucket.getStream(key);
    if (got.kind === 'missing') throw new LedgerDamaged(`${key} was listed and is not there any more`);
    let inflated = 0;
    const limit = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        inflated += chunk.length;
        done(
          inflated > MAX_INFLATED_BYTES ? new LedgerDamaged(`${key} is larger than any that we write`) : null,
          chunk,
        );
      },
    });
    let failure: Error | undefined;
    const text = pipeline(got.stream, createGunzip(), limit, (error) => {
      failure = error ?? undefined;
    });
    let number = 0;
    for await (const line of createInterface({ input: text, crlfDelay: Infinity })) {
      number++;
      yield parseLine(line, `${key} line ${number}`);
    }
    if (failure !== undefined) throw new LedgerDamaged(`${key} cannot be read: ${failure.message}`, { cause: failure });
  }
}

const parseLine = (line: string, where: string): LedgerLine => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new LedgerDamaged(`${where} is not JSON`, { cause: error });
  }
  const parsed = LedgerLine.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LedgerDamaged(`${where} is malformed: ${parsed.error.issues[0]?.message ?? 'unknown reason'}`);
};
