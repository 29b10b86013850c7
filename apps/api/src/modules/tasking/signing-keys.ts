import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  checkLeaf,
  loadSigner,
  parseJson,
  parseMessage,
  parseSignedFile,
  Refusal,
  type ServerSigner,
  type SignedFile,
  Trust,
  verifyTrustFile,
} from '#wire';
import { ConfigError, type WorkerConfig } from '../../platform/config/env.js';

/** What the worker signs with, and what it proves itself by. */
export interface SigningKeys {
  signer: ServerSigner;
  ca: X509Certificate;
  /** The trust list as the CA signed it; goes into the Manifest as it is. */
  trust: SignedFile;
}
export const SIGNING_KEYS = Symbol('SIGNING_KEYS');

const MAX_TRUST_BYTES = 100_000;

/** Reads a file that a variable names. Throws ConfigError: which variable, why; never what is in the file. */
export const readNamedFile = async (variable: string, path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${variable}: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
};

/** The CA certificate. Throws ConfigError. */
export const loadCa = async (config: Pick<WorkerConfig, 'REKALL_CA_CERT_FILE'>): Promise<X509Certificate> => {
  const pem = await readNamedFile('REKALL_CA_CERT_FILE', config.REKALL_CA_CERT_FILE);
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new ConfigError(`REKALL_CA_CERT_FILE: ${config.REKALL_CA_CERT_FILE} is not a certificate in PEM`, {
      cause: error,
    });
  }
};

/**
 * Reads the keys and checks that agents will accept what they sign: leaf and key belong together, the CA issued the
 * leaf, it is in its dates and on the trust list of this deployment. Throws ConfigError.
 */
export const loadSigningKeys = async (config: WorkerConfig, now: Date): Promise<SigningKeys> => {
  const ca = await loadCa(config);
  const certificatePem = await readNamedFile('REKALL_SIGNING_CERT_FILE', config.REKALL_SIGNING_CERT_FILE);
  const privateKeyPem = await readNamedFile('REKALL_SIGNING_KEY_FILE', config.REKALL_SIGNING_KEY_FILE);
  const trustText = await readNamedFile('REKALL_TRUST_FILE', config.REKALL_TRUST_FILE);
  let signer: ServerSigner;
  try {
    signer = loadSigner({ certificatePem, privateKeyPem });
  } catch (error) {
    throw new ConfigError(
      `REKALL_SIGNING_CERT_FILE, REKALL_SIGNING_KEY_FILE: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  try {
    const trust = parseSignedFile(trustText, 'the trust list', MAX_TRUST_BYTES);
    await verifyTrustFile(trust, ca);
    const list = parseMessage(Trust, parseJson(trust.payload, 'the trust list', MAX_TRUST_BYTES), 'the trust list');
    if (list.deployment !== config.REKALL_DEPLOYMENT)
      throw new Refusal('deployment', 'the trust list is of another deployment than REKALL_DEPLOYMENT');
    checkLeaf(signer.certificate, { ca, leaves: new Set(list.signing) }, now);
    return { signer, ca, trust };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new ConfigError(`agents would refuse what this worker signs: ${error.message}`, { cause: error });
  }
};
