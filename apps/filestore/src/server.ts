import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import { Authenticator } from './auth/authenticate.js';
import { Identities, uploadPrincipal, type Identity } from './auth/principal.js';
import { toBytes } from './bytes.js';
import type { Settings } from './config.js';
import { DiskStore } from './disk/store.js';
import { isErrno } from './disk/folder-cache.js';
import type { Exchange, Services } from './http/exchange.js';
import { FastPath } from './http/fast-path.js';
import { sendError } from './http/send-error.js';
import { parseRequest } from './http/s3-request.js';
import { Quotas } from './quotas.js';
import { route } from './router.js';

const HEADERS_TIMEOUT = 20_000;
const IDLE_TIMEOUT = 60_000;
const KEEP_ALIVE_TIMEOUT = 75_000;
const CLOSE_TIMEOUT = 20_000;

/** A running file server. */
export interface RunningFileStore {
  /** `http://host:port`. */
  readonly url: string;
  /** Stops taking connections, lets running requests end, gives the folder up. */
  close(): Promise<void>;
}

/** What the server takes from outside. */
export interface Surroundings {
  readonly log: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * Starts the server.
 * @throws FolderInUseError, system errors of the folder and of listening (`EADDRINUSE`)
 */
export async function startFileStore(settings: Settings, { log, now }: Surroundings): Promise<RunningFileStore> {
  const store = DiskStore.open(settings.root, settings.bucket, now);
  try {
    const identities: Identity[] = [{ ...settings.service, principal: { kind: 'service' } }];
    if (settings.upload !== undefined) {
      identities.push({ ...settings.upload, principal: uploadPrincipal(settings.uploadPrefixes) });
    }
    const services: Services = {
      store,
      quotas: new Quotas(settings.quotas, store),
      authenticator: new Authenticator(new Identities(identities, settings.region), settings.region, now),
      bucket: settings.bucket,
      region: settings.region,
      publicPrefix: toBytes(settings.publicPrefix),
      log,
      now,
    };
    const server = makeServer(services);
    await listen(server, settings.port, settings.host);
    return { url: urlOf(server, settings.host), close: () => close(server, services) };
  } catch (error) {
    store.close();
    throw error;
  }
}

function makeServer(services: Services): Server {
  const fastPath = new FastPath(services);
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: 0, // bodies have a least rate instead (bodyOf)
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    connectionsCheckingInterval: 5_000,
    noDelay: true,
  });
  server.timeout = IDLE_TIMEOUT;
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    if (!fastPath.answer(message, response)) void handle(services, fastPath, message, response);
  };
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', onRequest);
  server.on('clientError', onClientError);
  return server;
}

async function handle(
  services: Services,
  fastPath: FastPath,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  response.setHeader('x-amz-request-id', requestId);
  response.setHeader('Server', 'rekall-filestore');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  try {
    const request = parseRequest(message);
    const authenticated = services.authenticator.authenticate(request);
    const exchange: Exchange = { message, response, request, authenticated };
    await route(services, exchange);
    fastPath.learn(exchange);
  } catch (error) {
    sendError({ error, message, response, requestId, log: services.log });
  }
}

/** What never became a request: a line of its own when nothing else is under way on the connection. */
function onClientError(error: Error, socket: Socket): void {
  if (isErrno(error, 'ECONNRESET') || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, code] = isErrno(error, 'HPE_HEADER_OVERFLOW')
    ? ['431 Request Header Fields Too Large', 'RequestHeaderSectionTooLarge']
    : isErrno(error, 'ERR_HTTP_REQUEST_TIMEOUT')
      ? ['408 Request Timeout', 'RequestTimeout']
      : ['400 Bad Request', 'BadRequest'];
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>An error occurred when parsing the HTTP request.</Message></Error>`;
  socket.end(
    `HTTP/1.1 ${status}\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: application/xml\r\n` +
      `Content-Length: ${String(Buffer.byteLength(body))}\r\nConnection: close\r\n\r\n${body}`,
  );
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  const listening = Promise.withResolvers<undefined>();
  server.once('error', listening.reject);
  server.listen(port, host, () => listening.resolve(undefined));
  await listening.promise;
  server.off('error', listening.reject);
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}

async function close(server: Server, { store, log }: Services): Promise<void> {
  const closed = Promise.withResolvers<undefined>();
  server.close(() => closed.resolve(undefined));
  const sweep = setInterval(() => server.closeIdleConnections(), 50); // those whose last request ends now
  const cut = setTimeout(() => {
    log.warn(`requests still ran after ${String(CLOSE_TIMEOUT / 1_000)} s: their connections are cut`);
    server.closeAllConnections();
  }, CLOSE_TIMEOUT);
  await closed.promise;
  clearInterval(sweep);
  clearTimeout(cut);
  store.close();
}
