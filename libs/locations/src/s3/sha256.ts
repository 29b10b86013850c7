import { createHash, createHmac } from 'node:crypto';

/** What the SDK's signer hashes. */
type Source = string | ArrayBuffer | ArrayBufferView;

type Running = ReturnType<typeof createHash | typeof createHmac>;

/** A view of the same bytes; a text's UTF-8. */
const bytesOf = (data: Source): Buffer => {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
};

/** SHA-256, or with a secret HMAC-SHA-256, of Node's own crypto, in the shape that the SDK's signer asks for. */
export class NodeSha256 {
  readonly #secret: Buffer | undefined;
  #running: Running;

  constructor(secret?: Source) {
    this.#secret = secret === undefined ? undefined : bytesOf(secret);
    this.#running = this.#begin();
  }

  update(data: Source): void {
    this.#running.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#running.digest());
  }

  reset(): void {
    this.#running = this.#begin();
  }

  #begin(): Running {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}
