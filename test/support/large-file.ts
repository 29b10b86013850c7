import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { isResultKey, LargeFileIndex, sha256Hex, type StatusTicket } from '#wire';
import type { AgentDeployment } from './agent-deployment.js';

const MIB = 1024 * 1024;
/** What wire.md says of one part. */
const PART = 64 * MIB;
const SIZE = 300 * MIB;
/** As long as its five parts are. */
const RAW_BYTES = [PART, PART, PART, PART, SIZE - 4 * PART];

/** A file of 300 MiB, mostly holes, with something to tell in each part and over their borders. */
export class LargeTestFile {
  #sha256 = '';

  constructor(readonly path: string) {}

  /** Writes it anew, `mark` here and there. */
  async write(mark: string): Promise<void> {
    const handle = await open(this.path, 'w');
    await handle.truncate(SIZE);
    for (const at of [0, PART - 2, PART + 1000, 2 * PART - 1, 3 * PART + 7, SIZE - 10]) await handle.write(mark, at);
    await handle.close();
    const hash = createHash('sha256');
    for await (const piece of (await open(this.path)).createReadStream()) hash.update(piece as Buffer);
    this.#sha256 = hash.digest('hex');
  }

  /** Checks that its parts and their index are in the bucket (or a folder) as this ticket says, and are the file. Throws where not. */
  async checkStored(bucket: Pick<AgentDeployment, 'bytesOf'>, ticket: StatusTicket): Promise<LargeFileIndex> {
    const [file, ...others] = ticket.files;
    if (file === undefined || others.length > 0) throw new Error(`the ticket names ${ticket.files.length} files`);
    if (!file.key.endsWith('/index.json')) throw new Error(`${file.key} is no index`);
    const text = await bucket.bytesOf(file.key);
    const index = LargeFileIndex.parse(JSON.parse(text.toString()));
    const is = { bytes: text.length, sha: sha256Hex(text), size: index.size, whole: index.sha256, path: index.path };
    const said = {
      bytes: file.stored_bytes,
      sha: file.stored_sha256,
      size: file.content_bytes,
      whole: file.content_sha256,
      path: file.path,
    };
    same('index and ticket', is, said);
    same('index and file', [index.size, index.sha256, index.path], [SIZE, this.#sha256, this.path]);
    same('changed while it was read', index.changed_while_reading, false);
    same('lengths of parts', [file.parts, index.parts.map((p) => p.raw_bytes)], [RAW_BYTES.length, RAW_BYTES]);
    const whole = createHash('sha256');
    for (const part of index.parts) {
      same(`${part.key} is of this flow`, isResultKey(part.key, ticket.flow_id, ticket.client_id), true);
      const stored = await bucket.bytesOf(part.key);
      same(part.key, [stored.length, sha256Hex(stored)], [part.stored_bytes, part.stored_sha256]);
      const raw = gunzipSync(stored);
      same(`${part.key} unpacked`, [raw.length, sha256Hex(raw)], [part.raw_bytes, part.raw_sha256]);
      whole.update(raw);
    }
    same('the parts together', whole.digest('hex'), this.#sha256);
    return index;
  }
}

const same = (what: string, is: unknown, expected: unknown): void => {
  const [found, wanted] = [JSON.stringify(is), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}: ${found}, expected ${wanted}`);
};
