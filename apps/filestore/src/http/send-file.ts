import { read } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';

const readAt = promisify(read);

const PIECE = 256 * 1_024;

/**
 * Ends an answer with bytes of an open file; the next piece is read while one is sent, into two buffers that are used
 * again and again. Ends early, quietly, when the client has gone. The caller closes the file.
 * @throws system errors of reading; the connection must be cut then
 */
export async function sendFile(fd: number, start: number, length: number, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once('close', onClose);
  const buffers = [Buffer.allocUnsafe(PIECE), Buffer.allocUnsafe(PIECE)] as const;
  const end = start + length;
  try {
    let sending: Promise<void> = Promise.resolve();
    for (let position = start, turn = 0; position < end && !gone.signal.aborted; turn = 1 - turn) {
      const buffer = buffers[turn === 0 ? 0 : 1];
      const { bytesRead } = await readAt(fd, buffer, 0, Math.min(PIECE, end - position), position);
      if (bytesRead === 0) throw new Error('an object file ended early');
      position += bytesRead;
      await sending;
      sending = sent(response, buffer.subarray(0, bytesRead), gone.signal);
    }
    await sending;
    if (!gone.signal.aborted) response.end();
  } finally {
    response.off('close', onClose);
  }
}

/** Resolves when the bytes have left, so that their buffer may be used again, or when nobody takes them any more. */
function sent(response: ServerResponse, bytes: Buffer, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      gone.removeEventListener('abort', done);
      resolve();
    };
    gone.addEventListener('abort', done);
    response.write(bytes, done);
  });
}
