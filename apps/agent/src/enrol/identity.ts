import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ClientId, clientIdOf, Hex32, identityOf, Instant, randomHex32, Sha256 } from '#wire';
import { codeOf, messageOf, StartError } from '../errors.js';
import { writeFileAtomic } from '../state/atomic-file.js';

/** Who this agent is. The key lies in its own file, so that a damaged state never costs the identity. */
export interface Identity {
  clientId: string;
  privateKey: KeyObject;
  /** The queue that the agent drew for itself: told to the server in the signed Startup ticket only. */
  queue: string;
  machineDigest?: string;
  /** The client that this folder was copied from. */
  clonedFrom?: string;
}

const IdentityFile = z.object({
  __type__: z.literal('AgentIdentity'),
  version: z.literal(1),
  client_id: ClientId,
  private_key: z.string().includes('PRIVATE KEY'),
  queue: Hex32,
  machine_digest: Sha256.optional(),
  cloned_from: ClientId.optional(),
  created_at: Instant,
});

const clientIdFor = (privateKey: KeyObject): string =>
  clientIdOf(identityOf(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })));

/** One line, without any value of the file. */
const firstProblem = (error: unknown): string => {
  const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
  return issue === undefined ? messageOf(error) : `${issue.path.map(String).join('.')}: ${issue.message}`;
};

const damaged = (path: string, why: string, cause?: unknown): StartError =>
  new StartError(`the key file ${path} is damaged (${why}): restore it, or move it away to enrol as a new client`, {
    cause,
  });

/** Reads the key file; undefined when there is none. Throws {@link StartError} when it is damaged: it is never replaced. */
export const loadIdentity = async (path: string): Promise<Identity | undefined> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new StartError(`cannot read the key file ${path}: ${messageOf(error)}`, { cause: error });
  }
  try {
    const file = IdentityFile.parse(JSON.parse(text));
    const privateKey = createPrivateKey(file.private_key);
    if (clientIdFor(privateKey) !== file.client_id) throw damaged(path, 'its key is not the one of its client id');
    return {
      clientId: file.client_id,
      privateKey,
      queue: file.queue,
      ...(file.machine_digest === undefined ? {} : { machineDigest: file.machine_digest }),
      ...(file.cloned_from === undefined ? {} : { clonedFrom: file.cloned_from }),
    };
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw damaged(path, firstProblem(error), error);
  }
};

/** A new key and queue, not yet saved. */
export const newIdentity = (machineDigest: string | undefined, clonedFrom: string | undefined): Identity => {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    clientId: clientIdFor(privateKey),
    privateKey,
    queue: randomHex32(),
    ...(machineDigest === undefined ? {} : { machineDigest }),
    ...(clonedFrom === undefined ? {} : { clonedFrom }),
  };
};

/** Saves the key file (0600, atomic). */
export const saveIdentity = (path: string, identity: Identity, now: Date, durable: boolean): Promise<void> =>
  writeFileAtomic(
    path,
    `${JSON.stringify(
      {
        __type__: 'AgentIdentity',
        version: 1,
        client_id: identity.clientId,
        private_key: identity.privateKey.export({ type: 'pkcs8', format: 'pem' }),
        queue: identity.queue,
        machine_digest: identity.machineDigest,
        cloned_from: identity.clonedFrom,
        created_at: now.toISOString(),
      } satisfies Record<keyof z.infer<typeof IdentityFile>, unknown>,
      null,
      2,
    )}\n`,
    durable,
  );
