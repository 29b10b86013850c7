import { Sha256 } from '@aws-crypto/sha256-js';
import { GetObjectCommand, PutObjectCommand, type PutObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { refusal, s3Client } from '../contract/object-store.contract.js';
import { FILESTORE_KEYS, fileStoreFolder, startFileStore, type FileStoreProcess } from './filestore-process.js';

/** The one bucket. */
export const BUCKET = 'evidence';

/** The region in signatures. */
export const REGION = 'us-east-1';

/** SHA-256 of nothing, hex. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** How {@link FileStoreWorld.signed} signs. */
export interface SigningOptions {
  /** Default: the service's. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly unsigned?: readonly string[];
  readonly at?: Date;
  readonly region?: string;
  /** The service in the scope; default s3. */
  readonly name?: string;
  readonly query?: Readonly<Record<string, string>>;
}

/** A running file store and the SDK's clients with its two keys. */
export class FileStoreWorld {
  private constructor(
    readonly server: FileStoreProcess,
    readonly service: S3Client,
    readonly upload: S3Client,
    private readonly remove: () => Promise<void>,
  ) {}

  /** Starts the built file store in a folder of its own. */
  static async start(args: readonly string[] = []): Promise<FileStoreWorld> {
    const folder = await fileStoreFolder();
    const server = await startFileStore(folder.root, args);
    const clientOf = (keys: SigningOptions['credentials'] & object): S3Client =>
      s3Client({ endpoint: server.url, region: REGION }, keys);
    return new FileStoreWorld(server, clientOf(FILESTORE_KEYS.service), clientOf(FILESTORE_KEYS.upload), folder.remove);
  }

  /** Stops it and removes its folder. */
  async stop(): Promise<void> {
    await this.server.stop();
    await this.remove();
  }

  put(key: string, body: string | Buffer, client = this.service): Promise<PutObjectCommandOutput> {
    return client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
  }

  /** The object's content as text. */
  async read(key: string): Promise<string> {
    const answer = await this.service.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    return (await answer.Body?.transformToString()) ?? '';
  }

  async exists(key: string): Promise<boolean> {
    return (await refusal(this.read(key))).code !== 'NoSuchKey';
  }

  /** Signs a request with the SDK's own signer, with whatever headers one likes; the headers to send. */
  async signed(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    options: SigningOptions = {},
  ): Promise<Record<string, string>> {
    const signer = new SignatureV4({
      credentials: options.credentials ?? FILESTORE_KEYS.service,
      region: options.region ?? REGION,
      service: options.name ?? 's3',
      sha256: Sha256,
      uriEscapePath: false,
      applyChecksum: !Object.keys(headers).includes('x-amz-content-sha256') && options.unsigned === undefined,
    });
    const { port } = this.server;
    const request = {
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      port,
      path,
      query: { ...options.query },
      headers: { host: `127.0.0.1:${String(port)}`, ...headers },
    };
    const signed = await signer.sign(request, {
      unsignableHeaders: new Set(options.unsigned ?? []),
      ...(options.at === undefined ? {} : { signingDate: options.at }),
    });
    return signed.headers;
  }

  /** The head of a request so signed, to send as it is; the server closes the connection after it. */
  async signedHead(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    options: SigningOptions = {},
  ): Promise<string> {
    const lines = Object.entries(await this.signed(method, path, headers, options));
    const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return `${method} ${path} HTTP/1.1\r\n${text}connection: close\r\n\r\n`;
  }
}

/** Status and S3 code of a raw answer. */
export function codeOf(answer: { status: number; text: string }): [number, string] {
  return [answer.status, /<Code>([^<]*)/.exec(answer.text)?.[1] ?? ''];
}
