import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The built program, as users start it. */
export const FILESTORE_MAIN = fileURLToPath(new URL('../../dist/apps/filestore/src/main.js', import.meta.url));

/** The keys with which {@link startFileStore} starts it. */
export const FILESTORE_KEYS = {
  service: { accessKeyId: 'service-key', secretAccessKey: 'secret-of-the-service' },
  upload: { accessKeyId: 'upload-key', secretAccessKey: 'secret-of-the-uploads' },
} as const;

/** A file store in a process of its own. */
export interface FileStoreProcess {
  readonly url: string;
  readonly port: number;
  readonly root: string;
  readonly pid: number;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, and waits for the end. */
  kill9(): Promise<void>;
}

/** The environment that sets a file store up. */
export function fileStoreEnvironment(root: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    REKALL_FILESTORE_ROOT: root,
    REKALL_FILESTORE_BUCKET: 'evidence',
    REKALL_FILESTORE_ACCESS_KEY: FILESTORE_KEYS.service.accessKeyId,
    REKALL_FILESTORE_SECRET_KEY: FILESTORE_KEYS.service.secretAccessKey,
    REKALL_FILESTORE_UPLOAD_ACCESS_KEY: FILESTORE_KEYS.upload.accessKeyId,
    REKALL_FILESTORE_UPLOAD_SECRET_KEY: FILESTORE_KEYS.upload.secretAccessKey,
    REKALL_FILESTORE_LOG_LEVEL: 'warn',
  };
}

/** A fresh folder for a file store, and how to remove it. */
export async function fileStoreFolder(): Promise<{ root: string; remove: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'rekall-filestore-'));
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}

/**
 * Starts the built file store on a free port; ready when this resolves.
 * @param under a program that becomes the file store, with its arguments
 */
export async function startFileStore(
  root: string,
  args: readonly string[] = [],
  under: readonly string[] = [],
): Promise<FileStoreProcess> {
  const [program = process.execPath, ...rest] = [...under, process.execPath, FILESTORE_MAIN, ...args];
  const child: ChildProcess = spawn(program, rest, {
    env: fileStoreEnvironment(root),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error('the file store does not start: is dist built?');
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const first: IteratorResult<string, unknown> = await lines.next();
  if (first.done === true) throw new Error(`the file store ended with ${String((await exited)[0])} before it listened`);
  const { listening } = JSON.parse(first.value) as { listening: string };
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return (await exited)[0];
  };
  return {
    url: listening,
    port: Number(new URL(listening).port),
    root,
    pid,
    stop: () => end('SIGTERM'),
    kill9: async () => {
      await end('SIGKILL');
    },
  };
}
