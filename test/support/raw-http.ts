import { once } from 'node:events';
import { connect } from 'node:net';

/** What came back over a raw connection. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** Sends exactly these bytes over a fresh connection and reads until the server closes it or answers with Content-Length. */
export async function rawHttp(port: number, ...pieces: readonly (string | Buffer)[]): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const done = Promise.withResolvers<string>();
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
    const head = text.indexOf('\r\n\r\n');
    const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
    if (head >= 0 && length !== undefined && text.length >= head + 4 + Number(length)) done.resolve(text);
  });
  socket.on('close', () => done.resolve(text));
  socket.on('error', (error) => done.reject(error));
  for (const piece of pieces) socket.write(piece);
  const answer = await done.promise;
  socket.destroy();
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), text: answer };
}
