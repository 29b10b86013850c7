import type { EventEmitter } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** How many connections there may be. */
export interface ConnectionBounds {
  /** Served at the same time. */
  readonly active: number;
  /** Accepted and kept waiting, unread, until one of those ends; more are closed at once. */
  readonly waiting: number;
}

/** Who takes the connections in. */
export interface ConnectionTaker extends EventEmitter {
  closeIdleConnections(): void;
}

/**
 * Bounds the connections that are served: more of them wait, unread, so that the senders are held back by TCP, and are
 * served in their order. While any waits, connections that are kept alive without a request make room.
 * @returns the server to listen with
 */
export function connectionGate(taker: ConnectionTaker, bounds: ConnectionBounds): Server {
  const waiting = new Set<Socket>();
  let active = 0;

  const serve = (socket: Socket): void => {
    active += 1;
    socket.once('close', () => {
      active -= 1;
      admit();
    });
    taker.emit('connection', socket);
    socket.resume();
  };
  const admit = (): void => {
    for (const socket of waiting) {
      if (active >= bounds.active) break;
      waiting.delete(socket);
      socket.off('close', forget);
      socket.off('error', ignore);
      if (!socket.destroyed) serve(socket);
    }
    if (waiting.size > 0) taker.closeIdleConnections();
  };
  const ignore = (): void => undefined; // 'close' follows
  function forget(this: Socket): void {
    waiting.delete(this);
  }

  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    if (active < bounds.active && waiting.size === 0) {
      serve(socket);
      return;
    }
    if (waiting.size >= bounds.waiting) {
      socket.destroy();
      return;
    }
    waiting.add(socket);
    socket.on('close', forget);
    socket.on('error', ignore);
    admit();
  });
  // A connection that became idle since the last look makes room for one that waits.
  const sweep = setInterval(() => {
    if (waiting.size > 0) admit();
  }, 20);
  sweep.unref();
  server.on('close', () => {
    clearInterval(sweep);
    for (const socket of waiting) socket.destroy();
  });
  return server;
}
