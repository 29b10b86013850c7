import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A request as it came over the wire; `body` is there when all of it has come. */
export interface RawRequest {
  method: string;
  /** As sent, nothing decoded. */
  path: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Promise<Buffer>;
}

/** A peer that may misbehave in every way: it writes bytes, not HTTP. */
export interface RawServer {
  url: string;
  port: number;
  requests: RawRequest[];
  close(): Promise<void>;
}

const parseHead = (head: string): Omit<RawRequest, 'body'> => {
  const [first = '', ...lines] = head.split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { method, path, headers };
};

/** Takes the bytes of a connection and calls `onHead` at the end of each request's head. */
const requestReader = (onHead: (request: RawRequest) => void): ((chunk: Buffer) => void) => {
  let pending: Buffer[] = [];
  let size = 0;
  let body: { need: number; done: (body: Buffer) => void } | undefined;
  /** True when there may be more in what is pending. */
  const step = (): boolean => {
    if (body !== undefined && size < body.need) return false;
    const all = Buffer.concat(pending);
    let taken: number;
    if (body === undefined) {
      const end = all.indexOf('\r\n\r\n');
      if (end < 0) return false;
      const head = parseHead(all.toString('latin1', 0, end));
      taken = end + 4;
      const { promise, resolve } = Promise.withResolvers<Buffer>();
      body = { need: Number(head.headers['content-length'] ?? 0), done: resolve };
      onHead({ ...head, body: promise });
    } else {
      taken = body.need;
      body.done(all.subarray(0, taken));
      body = undefined;
    }
    pending = [all.subarray(taken)];
    size -= taken;
    return true;
  };
  return (chunk) => {
    pending.push(chunk);
    size += chunk.length;
    while (step());
  };
};

/** Starts a server on a free port of 127.0.0.1. `answer` is called at the end of each request's head, with its number from 1. */
export const startRawServer = async (
  answer: (socket: Socket, request: RawRequest, number: number) => unknown,
): Promise<RawServer> => {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy()); // the client cut the connection: some tests want just that
    const read = requestReader((request) => {
      requests.push(request);
      answer(socket, request, requests.length);
    });
    socket.on('data', read);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
};

/** A whole answer with its right length. */
export const rawAnswer = (status: string, headers: Record<string, string>, body = ''): string =>
  `HTTP/1.1 ${status}\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
