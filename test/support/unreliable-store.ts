import { createServer, request, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** How it answers: as the store behind it does, with a status of its own, with something that is no signed file, not at all. */
export type StoreMood = 'well' | 403 | 404 | 500 | 'garbage' | 'nothing';

/** Stands between agents and their store, and answers as it is told. */
export interface UnreliableStore {
  /** The store's address as agents of this test see it. */
  readonly url: string;
  mood: StoreMood;
  /** Requests that were answered in a mood. */
  answered: Map<StoreMood, number>;
  close(): Promise<void>;
}

/** @param bucketUrl of the real store @param seen is told of every request */
export const startUnreliableStore = async (
  bucketUrl: string,
  seen: (method: string, path: string) => void = () => undefined,
): Promise<UnreliableStore> => {
  const behind = new URL(bucketUrl);
  const answered = new Map<StoreMood, number>();
  const server: Server = createServer((incoming, outgoing) => {
    const { mood } = store;
    seen(incoming.method ?? '', incoming.url ?? '');
    answered.set(mood, (answered.get(mood) ?? 0) + 1);
    if (mood === 'nothing') {
      incoming.socket.destroy();
      return;
    }
    if (mood !== 'well') {
      incoming.resume();
      outgoing.writeHead(mood === 'garbage' ? 200 : mood, { 'content-type': 'application/json' });
      outgoing.end(mood === 'garbage' ? '{"protected": "\u0000\ufffd' : '<Error><Code>Whatever</Code></Error>');
      return;
    }
    const { method, headers } = incoming;
    const through = request(
      { host: behind.hostname, port: behind.port, path: incoming.url, method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    through.on('error', () => outgoing.destroy());
    incoming.pipe(through);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const store: UnreliableStore = {
    url: `http://127.0.0.1:${String(port)}${behind.pathname}`,
    mood: 'well',
    answered,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return store;
};
