import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { uriEncode } from '../bytes.js';
import type { Part, Upload } from '../disk/uploads.js';
import type { ObjectMeta } from '../disk/object-file.js';
import { readWhole } from '../http/body.js';
import { startChecksum } from '../http/checksums.js';
import { writeCondition } from '../http/conditions.js';
import { sendXml, type Exchange, type Services } from '../http/exchange.js';
import { S3Error } from '../s3-error.js';
import { element, errorDocument, parseXml, wrap } from '../xml.js';
import { commit } from './commit.js';
import { requireUpload } from './multipart-parts.js';
import { MAX_OBJECT_BYTES } from '../http/receive.js';

const MAX_BODY = 8 * 2 ** 20;
const MIN_PART_BYTES = 5 * 2 ** 20;
const PIECE = 256 * 1_024;
/** Putting parts together can take long: from then on a blank is sent now and then, as S3 does, so that clients wait. */
const PATIENCE = 10_000;

const requestSchema = z.object({
  CompleteMultipartUpload: z.object({
    Part: z
      .array(z.looseObject({ PartNumber: z.string().regex(/^\d{1,5}$/), ETag: z.string().min(1) }))
      .min(1)
      .max(10_000),
  }),
});

type Named = z.infer<typeof requestSchema>['CompleteMultipartUpload']['Part'];

/** The parts that the request names, as they were received. @throws S3Error InvalidPart, InvalidPartOrder, EntityTooSmall */
function chooseParts(named: Named, received: readonly Part[]): Part[] {
  const byNumber = new Map(received.map((part) => [part.number, part]));
  const numbers = named.map(({ PartNumber }) => Number(PartNumber));
  // Of the list as a whole and first: also one number twice is no order, whichever of them is the part.
  if (numbers.some((number, index) => number <= (numbers[index - 1] ?? 0))) throw new S3Error('InvalidPartOrder');
  const chosen = named.map(({ PartNumber, ETag, ...rest }) => {
    const part = byNumber.get(Number(PartNumber));
    const invalid = new S3Error('InvalidPart', undefined, { elements: { PartNumber } });
    if (part?.meta.etag !== unquoted(ETag)) throw invalid;
    for (const [name, value] of Object.entries(rest)) {
      const algorithm = /^Checksum([A-Z0-9]+)$/.exec(name)?.[1]?.toLowerCase();
      if (algorithm === undefined) continue;
      const { checksum } = part.meta;
      if (checksum?.algorithm !== algorithm || checksum.value !== value) throw invalid;
    }
    return part;
  });
  for (const { number, meta } of chosen.slice(0, -1)) {
    if (meta.size >= MIN_PART_BYTES) continue;
    throw new S3Error('EntityTooSmall', undefined, {
      elements: { PartNumber: String(number), ProposedSize: String(meta.size), MinSizeAllowed: String(MIN_PART_BYTES) },
    });
  }
  if (chosen.reduce((sum, { meta }) => sum + meta.size, 0) > MAX_OBJECT_BYTES) throw new S3Error('EntityTooLarge');
  return chosen;
}

/** The MD5 of the parts' MD5s, and their number. */
function compositeEtag(etags: readonly string[]): string {
  const md5 = createHash('md5');
  for (const etag of etags) md5.update(etag, 'hex');
  return `${md5.digest('hex')}-${String(etags.length)}`;
}

const unquoted = (etag: string): string => etag.replace(/^"(.*)"$/, '$1');

/** What was completed before, when the request comes again because its answer was lost: the object that these parts make. */
function completedBefore({ store }: Services, { request }: Exchange, named: Named): ObjectMeta | undefined {
  if (store.uploads.find(request.query.get('uploadId') ?? '') !== undefined) return undefined;
  const present = store.head(request.key);
  return present?.etag === compositeEtag(named.map(({ ETag }) => unquoted(ETag))) ? present : undefined;
}

/** The checksum of the parts' checksums, where each part has one of the upload's kind. */
function compositeChecksum({ checksum }: Upload, parts: readonly Part[]): ObjectMeta['checksum'] {
  if (checksum?.type !== 'COMPOSITE') return undefined;
  const running = startChecksum(checksum.algorithm);
  for (const { meta } of parts) {
    if (meta.checksum?.algorithm !== checksum.algorithm) return undefined;
    running.update(Buffer.from(meta.checksum.value, 'base64'));
  }
  return { algorithm: checksum.algorithm, value: `${running.digest()}-${String(parts.length)}` };
}

/** Puts the parts together into one object. @throws S3Error BadDigest and what a commit throws */
async function assemble(
  services: Services,
  { request, authenticated }: Exchange,
  upload: Upload,
  parts: readonly Part[],
): Promise<ObjectMeta> {
  const whole = upload.checksum?.type === 'FULL_OBJECT' ? upload.checksum.algorithm : undefined;
  const running = whole === undefined ? undefined : startChecksum(whole);
  const incoming = services.store.incoming(0, false);
  try {
    for (const { path, meta } of parts) {
      if (meta.size === 0) continue;
      for await (const piece of createReadStream(path, { end: meta.size - 1, highWaterMark: PIECE })) {
        running?.update(piece as Buffer);
        await incoming.write(piece as Buffer);
      }
    }
    const computed =
      running === undefined || whole === undefined
        ? compositeChecksum(upload, parts)
        : { algorithm: whole, value: running.digest() };
    const claimed = computed === undefined ? undefined : request.amz.get(`x-amz-checksum-${computed.algorithm}`);
    if (claimed !== undefined && claimed !== computed?.value) throw new S3Error('BadDigest');
    return await commit(services, authenticated.principal, {
      key: request.key,
      incoming,
      condition: writeCondition(request.headers),
      given: {
        etag: compositeEtag(parts.map(({ meta }) => meta.etag)),
        headers: upload.headers,
        user: upload.user,
        ...(computed === undefined ? {} : { checksum: computed }),
      },
    });
  } finally {
    await incoming.discard();
  }
}

/** Sends the answer's beginning and then blanks while something takes long. */
class Waiting {
  private begun = false;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly response: ServerResponse) {
    this.timer = setInterval(() => this.wait(), PATIENCE);
  }

  private wait(): void {
    if (!this.begun) this.response.writeHead(200, { 'Content-Type': 'application/xml' });
    this.response.write(this.begun ? ' ' : '<?xml version="1.0" encoding="UTF-8"?>\n');
    this.begun = true;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Ends the answer with a document. */
  finish(document: string): void {
    const text = this.begun ? document.slice(document.indexOf('\n') + 1) : document;
    if (!this.begun) {
      const length = String(Buffer.byteLength(text));
      this.response.writeHead(200, { 'Content-Type': 'application/xml', 'Content-Length': length });
    }
    this.response.end(text);
  }

  /** Says an error in an answer that has begun as 200, as S3 does; false when it has not begun. */
  fail(error: unknown): boolean {
    if (!this.begun || !(error instanceof S3Error)) return false;
    this.finish(errorDocument({ Code: error.code, Message: error.message }));
    return true;
  }
}

/** CompleteMultipartUpload: checks the list of parts, then makes them one object, which appears whole. */
export async function completeUpload(services: Services, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const body = await readWhole(exchange, MAX_BODY);
  const parsed = requestSchema.safeParse(parseXml(body.toString('utf8')));
  if (!parsed.success) throw new S3Error('MalformedXML');
  const named = parsed.data.CompleteMultipartUpload.Part;
  await services.store.uploads.ending(request.query.get('uploadId') ?? '', async () => {
    const before = completedBefore(services, exchange, named);
    if (before !== undefined) {
      sendXml(response, 200, completed(services, exchange, before));
      return;
    }
    const upload = requireUpload(services, exchange);
    const parts = chooseParts(named, await services.store.uploads.parts(upload.id));
    const waiting = new Waiting(response);
    try {
      const meta = await assemble(services, exchange, upload, parts);
      await services.store.uploads.remove(upload.id);
      waiting.finish(completed(services, exchange, meta));
    } catch (error) {
      if (!waiting.fail(error)) throw error;
    } finally {
      waiting.stop();
    }
  });
}

function completed({ bucket }: Services, { request, origin }: Exchange, { key, etag, checksum }: ObjectMeta): string {
  const location = `${origin}/${bucket}/${uriEncode(request.key, true)}`;
  const inner = [
    element('Location', location),
    element('Bucket', bucket),
    element('Key', key),
    element('ETag', `"${etag}"`),
  ];
  if (checksum !== undefined) inner.push(element(`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${wrap('CompleteMultipartUploadResult', ...inner)}`;
}
