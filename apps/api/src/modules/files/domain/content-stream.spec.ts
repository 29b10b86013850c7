import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { Reading } from './content-stream.js';

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

const closed = async (stream: PassThrough): Promise<void> => {
  if (!stream.closed) await once(stream, 'close');
};

describe('what a reader has open', () => {
  it('is closed with the answer, also when nobody has begun to read it', async () => {
    const reading = new Reading();
    const source = reading.keep(new PassThrough());
    const content = reading.stream(pieces('never', 'asked for'));
    content.destroy();
    await once(content, 'close');
    expect(source.destroyed).toBe(true);
    expect(reading.keep(new PassThrough()).destroyed).toBe(true); // opened while the reader went
  });

  it('is closed when nobody reads on, and not before', async () => {
    const reading = new Reading();
    const source = new PassThrough();
    reading.keep(source);
    const content = reading.stream(pieces('unread'), 30);
    const [error] = (await once(content, 'error')) as [Error];
    expect(error.message).toBe('nobody has read on for 30 ms');
    await closed(source);
    expect(await buffer(new Reading().stream(pieces('re', 'ad'), 10_000))).toEqual(Buffer.from('read'));
  });
});
