import { S3Error } from '../s3-error.js';

const MAX_LINE = 1_024;

/** Reads lines and counted pieces from a stream of buffers. */
export class ByteReader {
  private rest: Buffer = Buffer.alloc(0);
  private readonly source: AsyncIterator<Buffer>;

  constructor(source: AsyncIterable<Buffer>) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** The next line without its CR LF. @throws S3Error IncompleteBody at the end, InvalidRequest when it is too long */
  async line(): Promise<string> {
    for (;;) {
      const end = this.rest.indexOf('\r\n');
      if (end >= 0) {
        const line = this.rest.toString('latin1', 0, end);
        this.rest = this.rest.subarray(end + 2);
        return line;
      }
      if (this.rest.length > MAX_LINE) throw new S3Error('InvalidRequest', 'A chunk header is too long.');
      if (!(await this.fill())) throw new S3Error('IncompleteBody');
    }
  }

  /** The next `count` bytes, in pieces as they come. @throws S3Error IncompleteBody */
  async *take(count: number): AsyncGenerator<Buffer> {
    let left = count;
    while (left > 0) {
      if (this.rest.length === 0 && !(await this.fill())) throw new S3Error('IncompleteBody');
      const piece = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** Whether everything was read. */
  async atEnd(): Promise<boolean> {
    return this.rest.length === 0 && !(await this.fill());
  }

  private async fill(): Promise<boolean> {
    for (;;) {
      const next = await this.source.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.rest = this.rest.length === 0 ? next.value : Buffer.concat([this.rest, next.value]);
      return true;
    }
  }
}
