import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import { S3Error } from '../s3-error.js';
import { bodyOf, contentLength } from './body.js';
import type { Exchange } from './exchange.js';

const MAX_FIELDS_BYTES = 20_000;
const MAX_FIELDS = 100;
const ONE_FILE = 'POST requires exactly one file upload per request.';

/** A form up to its file: what came before it, and the file's content as it comes. */
export interface Form {
  /** Names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** The file part's own name, for `${filename}`. */
  readonly filename: string;
  /** The content; whoever reads it to its end may count on the whole form having come, well-formed. */
  readonly content: AsyncIterable<Buffer>;
}

function malformed(error: unknown): S3Error {
  const why = error instanceof Error ? error.message : String(error);
  return new S3Error(
    'MalformedPOSTRequest',
    `The body of your POST request is not well-formed multipart/form-data: ${why}`,
  );
}

/** Collects the fields before the file, within bounds. */
class Fields {
  readonly map = new Map<string, string>();
  private bytes = 0;

  /** Takes a field; answers why it is refused. */
  add(name: string, value: string, truncated: boolean): S3Error | undefined {
    const lower = name.toLowerCase();
    this.bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (truncated || this.bytes > MAX_FIELDS_BYTES || this.map.size >= MAX_FIELDS) {
      return new S3Error('MaxPostPreDataLengthExceeded');
    }
    if (this.map.has(lower)) return new S3Error('InvalidArgument', `The form field ${lower} was sent twice.`);
    this.map.set(lower, value);
    return undefined;
  }
}

/**
 * Reads a multipart form up to its file. Fields after the file are ignored, as on S3.
 * @throws S3Error MalformedPOSTRequest, MaxPostPreDataLengthExceeded, InvalidArgument, MissingContentLength
 */
export async function readForm(exchange: Exchange): Promise<Form> {
  contentLength(exchange.message);
  const contentType = exchange.request.headers.get('content-type') ?? '';
  if (!/^multipart\/form-data\s*;.*\bboundary=/i.test(contentType)) {
    throw new S3Error('MalformedPOSTRequest', 'A POST needs Content-Type multipart/form-data with a boundary.');
  }
  const parser = new Busboy({
    headers: { 'content-type': contentType },
    isPartAFile: (name) => name?.toLowerCase() === 'file',
    limits: { fieldSize: MAX_FIELDS_BYTES, fieldNameSize: 200, fields: MAX_FIELDS + 1, files: 1, headerPairs: 20 },
  });
  const fields = new Fields();
  const file = Promise.withResolvers<{ stream: Readable; filename: string }>();
  let stream: Readable | undefined;
  let refusal: S3Error | undefined;
  const refuse = (error: S3Error): void => {
    refusal ??= error;
    parser.destroy(refusal);
  };
  parser.on('field', (name, value, nameTruncated, valueTruncated) => {
    if (stream !== undefined) return;
    const error = fields.add(name, value, nameTruncated || valueTruncated);
    if (error !== undefined) refuse(error);
  });
  parser.on('fieldsLimit', () => refuse(new S3Error('MaxPostPreDataLengthExceeded')));
  parser.on('filesLimit', () => refuse(new S3Error('InvalidArgument', ONE_FILE)));
  parser.on('file', (_name, content, filename) => {
    stream = content;
    content.on('error', () => undefined); // `finished` tells it
    if (refusal !== undefined) return;
    file.resolve({ stream: content, filename });
  });
  parser.on('error', (error: unknown) => {
    if (exchange.message.errored === null) refusal ??= malformed(error);
  });
  /** Undefined when the whole form came and is well-formed. */
  const finished: Promise<Error | undefined> = pipeline(bodyOf(exchange), parser).then(
    () => refusal,
    (error: unknown) => refusal ?? (error instanceof Error ? error : new Error(String(error))),
  );
  void finished.then((error) => {
    file.reject(error ?? new S3Error('InvalidArgument', ONE_FILE));
    if (error !== undefined) stream?.destroy();
  });
  const opened = await file.promise;
  async function* content(): AsyncGenerator<Buffer> {
    try {
      yield* opened.stream as AsyncIterable<Buffer>;
    } catch (error) {
      throw (await finished) ?? error;
    } finally {
      if (opened.stream.destroyed && !opened.stream.readableEnded) parser.destroy();
    }
    const error = await finished;
    if (error !== undefined) throw error;
  }
  return { fields: fields.map, filename: opened.filename, content: content() };
}
