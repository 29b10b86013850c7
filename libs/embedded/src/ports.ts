import { createServer } from 'node:net';
import { EmbeddedError, systemErrorCode } from './errors.js';

const LOOPBACK = '127.0.0.1';

/** Binds a loopback port for a moment (0: any free one) and answers its number. Rejects with Node's own error. */
function probe(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('the probe has no TCP address'));
        else resolve(address.port);
      });
    });
  });
}

/** A TCP port on 127.0.0.1 that is free now. It is not reserved: whoever starts on it must be ready to lose the race. */
export function freePort(): Promise<number> {
  return probe(0);
}

/** Whether nothing listens on this loopback port now. Throws what is not "in use" (no right to bind, not a port). */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await probe(port);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EADDRINUSE') return false;
    throw error;
  }
}

/** Throws {@link EmbeddedError} `port-in-use` when something listens on the port already. */
export async function requireFreePort(port: number, what: string): Promise<void> {
  if (await isPortFree(port)) return;
  throw new EmbeddedError(
    'port-in-use',
    `${what}: port ${port} on ${LOOPBACK} is in use; stop what listens there or choose another port`,
  );
}
