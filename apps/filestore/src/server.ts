import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { Logger } from 'pino';
import { Authenticator } from './auth/authenticate.js';
import { Identities, uploadPrincipal, type Identity } from './auth/principal.js';
import { toBytes } from './bytes.js';
import { readTlsFiles, type Settings } from './config.js';
import { DiskStore } from './disk/store.js';
import { isErrno } from './disk/folder-cache.js';
import { connectionGate } from './http/connection-gate.js';
import { allowOrigin, answerPreflight } from './http/cors.js';
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
const HANDSHAKE_TIMEOUT = 20_000;

type Server = HttpServer | HttpsServer;

/** A running file server. */
export interface RunningFileStore {
  /** `http(s)://host:port`. */
  readonly url: string;
  /** Takes over the keys and upload prefixes of other settings; what the former keys signed is refused from then on. */
  replaceKeys(settings: Settings): void;
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
    const services: Services = {
      store,
      quotas: new Quotas(settings.quotas, store),
      authenticator: new Authenticator(identitiesOf(settings), settings.region, now),
      bucket: settings.bucket,
      region: settings.region,
      publicPrefix: toBytes(settings.publicPrefix),
      domains: settings.domains,
      scheme: settings.tls === undefined ? 'http' : 'https',
      log,
      now,
    };
    const server = makeServer(services, settings);
    const gate = connectionGate(server, { active: settings.connections, waiting: settings.waitingConnections });
    server.emit('listening'); // what it does when it listens itself: watch connections for its time limits
    await listen(gate, settings.port, settings.host);
    const scheme = settings.tls === undefined ? 'http' : 'https';
    return {
      url: `${scheme}://${addressOf(gate, settings.host)}`,
      replaceKeys: (next) => services.authenticator.replace(identitiesOf({ ...next, region: settings.region })),
      close: () => close(gate, server, services),
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

function identitiesOf({ service, upload, uploadPrefixes, region }: Settings): Identities {
  const identities: Identity[] = [{ ...service, principal: { kind: 'service' } }];
  if (upload !== undefined) identities.push({ ...upload, principal: uploadPrincipal(uploadPrefixes) });
  return new Identities(identities, region);
}

function makeServer(services: Services, { tls, corsOrigins }: Settings): Server {
  const fastPath = new FastPath(services);
  const options = {
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: 0, // bodies have a least rate instead (bodyOf)
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    connectionsCheckingInterval: 5_000,
  };
  const server =
    tls === undefined
      ? createServer(options)
      : createTlsServer({
          ...options,
          ...readTlsFiles(tls),
          minVersion: 'TLSv1.2',
          handshakeTimeout: HANDSHAKE_TIMEOUT,
        });
  server.timeout = IDLE_TIMEOUT;
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    const allowed = allowOrigin(corsOrigins, message, response);
    if (fastPath.answer(message, response)) return;
    void handle(services, fastPath, { message, response, allowed });
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
  { message, response, allowed }: { message: IncomingMessage; response: ServerResponse; allowed: boolean },
): Promise<void> {
  const requestId = randomUUID();
  response.setHeader('x-amz-request-id', requestId);
  response.setHeader('Server', 'rekall-filestore');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  try {
    if (message.method === 'OPTIONS') {
      answerPreflight(allowed, message, response);
      return;
    }
    const request = parseRequest(message, services);
    const authenticated = services.authenticator.authenticate(request);
    const origin = `${services.scheme}://${message.headers.host ?? ''}`;
    const exchange: Exchange = { message, response, request, authenticated, origin };
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

async function listen(server: NetServer, port: number, host: string): Promise<void> {
  const listening = Promise.withResolvers<undefined>();
  server.once('error', listening.reject);
  server.listen(port, host, () => listening.resolve(undefined));
  await listening.promise;
  server.off('error', listening.reject);
}

function addressOf(server: NetServer, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}

async function close(gate: NetServer, server: Server, { store, log }: Services): Promise<void> {
  const closed = Promise.withResolvers<undefined>();
  gate.close(() => closed.resolve(undefined));
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
