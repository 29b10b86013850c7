/** Bytes that are kept at most; what does not fit is read again when it is archived. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Tickets that were taken in and wait for the archive, as they were read. */
export class TicketBodies {
  private readonly bodies = new Map<string, { etag: string; body: Buffer }>();
  private bytes = 0;

  keep(key: string, etag: string, body: Buffer): void {
    this.take(key, etag);
    if (this.bytes + body.length > MOST_BYTES) return;
    this.bodies.set(key, { etag, body });
    this.bytes += body.length;
  }

  /** Gives the bytes away, if they are those of this ETag. */
  take(key: string, etag: string): Buffer | undefined {
    const kept = this.bodies.get(key);
    if (kept === undefined) return undefined;
    this.bodies.delete(key);
    this.bytes -= kept.body.length;
    return kept.etag === etag ? kept.body : undefined;
  }
}
