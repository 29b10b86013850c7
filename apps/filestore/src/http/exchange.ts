import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Authenticated, Authenticator } from '../auth/authenticate.js';
import type { ByteString } from '../bytes.js';
import type { DiskStore } from '../disk/store.js';
import type { Quotas } from '../quotas.js';
import type { S3Request } from './s3-request.js';

/** What every request is answered with. */
export interface Services {
  readonly store: DiskStore;
  readonly quotas: Quotas;
  readonly authenticator: Authenticator;
  readonly bucket: string;
  readonly region: string;
  /** Keys that anyone may read begin so; empty for none. */
  readonly publicPrefix: ByteString;
  /** Host names under which `BUCKET.name` is the bucket. */
  readonly domains: readonly string[];
  /** How clients reach this server. */
  readonly scheme: 'http' | 'https';
  readonly log: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** One request and its answer. */
export interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly request: S3Request;
  readonly authenticated: Authenticated;
  /** `http(s)://host` as the client calls this server. */
  readonly origin: string;
}

/** Answers without a body. */
export function sendEmpty(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, status === 204 || status === 304 ? headers : { 'Content-Length': '0', ...headers });
  response.end();
}

/** Answers with an XML document. */
export function sendXml(
  response: ServerResponse,
  status: number,
  xml: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(xml, 'utf8');
  response.writeHead(status, { 'Content-Type': 'application/xml', 'Content-Length': String(body.length), ...headers });
  response.end(body);
}
