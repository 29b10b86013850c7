import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { freePort } from '#embedded';
import {
  AgentConfig,
  createCa,
  createLeaf,
  parseSignedFile,
  randomHex32,
  sha256Hex,
  signedFileText,
  signTrust,
  Trust,
} from '#wire';
import type { Deployment } from './deployment.js';
import { envText, readIfThere, readNeeded, writeWhole } from './files.js';
import type { Layout } from './layout.js';

/** A store that is there already, with its two keys. */
export interface GivenStore {
  endpoint: string;
  region: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
  uploadAccessKey: string;
  uploadSecretKey: string;
  /** As agents reach it, when that is another address. */
  publicEndpoint?: string | undefined;
}

export interface CreateOptions {
  /** Absent: the file store is run by `rekall up`. */
  store?: GivenStore | undefined;
  /** Absent: PostgreSQL is run by `rekall up`. */
  database?: { url: string; migrateUrl: string } | undefined;
  storePort?: number | undefined;
  pollMin?: number | undefined;
  pollMax?: number | undefined;
  now: Date;
}

const secret = (bytes: number): string => randomBytes(bytes).toString('hex');

const embeddedStore = async (port: number | undefined): Promise<GivenStore> => ({
  endpoint: `http://127.0.0.1:${String(port ?? (await freePort()))}`,
  region: 'us-east-1',
  bucket: 'rekall',
  accessKey: `service-${secret(4)}`,
  secretKey: secret(20),
  uploadAccessKey: `upload-${secret(4)}`,
  uploadSecretKey: secret(20),
});

interface Keys {
  deployment: string;
  caCertificate: string;
}

/** CA, signing leaf and the list of trusted leaves; kept when an earlier, unfinished call made them. */
const ensureKeys = async (layout: Layout, now: Date): Promise<Keys> => {
  const kept = await readIfThere(layout.caCertificate);
  if (kept !== undefined) {
    const file = parseSignedFile(await readNeeded(layout.trust, 'restore it from a backup'), layout.trust, 64 * 1024);
    return { deployment: Trust.parse(JSON.parse(file.payload)).deployment, caCertificate: kept };
  }
  const deployment = randomHex32();
  const ca = await createCa({ name: `Rekall Agent CA ${deployment.slice(0, 8)}`, now });
  const leaf = await createLeaf({ name: `Rekall Agent signing ${deployment.slice(0, 8)}`, now, ca });
  const leafDigest = sha256Hex(new X509Certificate(leaf.certificatePem).raw);
  const trust = await signTrust(
    JSON.stringify({ __type__: 'Trust', deployment, epoch: 1, signing: [leafDigest], issued_at: now.toISOString() }),
    createPrivateKey(ca.privateKeyPem),
  );
  await writeWhole(layout.signingCertificate, leaf.certificatePem);
  await writeWhole(layout.signingKey, leaf.privateKeyPem);
  await writeWhole(layout.trust, `${signedFileText(trust)}\n`);
  await writeWhole(layout.queueKey, `${secret(32)}\n`);
  await writeWhole(layout.caKey, ca.privateKeyPem);
  await writeWhole(layout.caCertificate, ca.certificatePem, 0o644);
  return { deployment, caCertificate: ca.certificatePem };
};

/**
 * Makes a deployment's keys and configuration. `deployment.json` is written last: a folder without it is unfinished and
 * is completed by the next call, with the keys that are there.
 */
export const createDeployment = async (layout: Layout, options: CreateOptions): Promise<Deployment> => {
  const publicSecret = randomHex32();
  const store = options.store ?? (await embeddedStore(options.storePort));
  const { deployment, caCertificate } = await ensureKeys(layout, options.now);

  const common = {
    S3_ENDPOINT: store.endpoint,
    S3_REGION: store.region,
    S3_BUCKET: store.bucket,
    S3_ACCESS_KEY: store.accessKey,
    S3_SECRET_KEY: store.secretKey,
    REKALL_DEPLOYMENT: deployment,
    REKALL_DATA_DIR: layout.data,
    ...(options.database === undefined ? {} : { DATABASE_URL: options.database.url }),
  };
  const worker = {
    ...common,
    REKALL_PUBLIC_SECRET: publicSecret,
    REKALL_CA_CERT_FILE: layout.caCertificate,
    REKALL_SIGNING_CERT_FILE: layout.signingCertificate,
    REKALL_SIGNING_KEY_FILE: layout.signingKey,
    REKALL_TRUST_FILE: layout.trust,
    REKALL_QUEUE_KEY_FILE: layout.queueKey,
    S3_UPLOAD_ACCESS_KEY: store.uploadAccessKey,
    S3_UPLOAD_SECRET_KEY: store.uploadSecretKey,
    ...(store.publicEndpoint === undefined ? {} : { S3_PUBLIC_ENDPOINT: store.publicEndpoint }),
    ...(options.pollMin === undefined ? {} : { REKALL_POLL_MIN: String(options.pollMin) }),
    ...(options.pollMax === undefined ? {} : { REKALL_POLL_MAX: String(options.pollMax) }),
  };
  await writeWhole(
    layout.httpEnv,
    envText({ ...common, REKALL_CURSOR_KEY: secret(32), REKALL_SESSION_KEY: secret(32) }),
  );
  await writeWhole(layout.workerEnv, envText(worker));
  await writeWhole(
    layout.adminEnv,
    envText({
      ...worker,
      ...(options.database === undefined ? {} : { DATABASE_MIGRATE_URL: options.database.migrateUrl }),
    }),
  );
  if (options.store === undefined)
    await writeWhole(layout.filestoreConfig, `${JSON.stringify(filestoreConfig(layout, store), null, 2)}\n`);
  const agent = AgentConfig.parse({
    __type__: 'AgentConfig',
    version: 1,
    deployment,
    bucket_url: `${(store.publicEndpoint ?? store.endpoint).replace(/\/+$/, '')}/${store.bucket}`,
    public_secret: publicSecret,
    ca_certificate: caCertificate,
  });
  await writeWhole(layout.agentConfig, `${JSON.stringify(agent, null, 2)}\n`, 0o644);

  const made: Deployment = {
    version: 1,
    deployment,
    embeddedPostgres: options.database === undefined,
    embeddedStore: options.store === undefined,
    endpoint: store.endpoint,
    bucket: store.bucket,
    createdAt: options.now.toISOString(),
  };
  await writeWhole(layout.description, `${JSON.stringify(made, null, 2)}\n`, 0o644);
  return made;
};

const filestoreConfig = (layout: Layout, store: GivenStore): object => ({
  root: layout.store,
  host: '127.0.0.1',
  port: Number(new URL(store.endpoint).port),
  bucket: store.bucket,
  region: store.region,
  service: { accessKey: store.accessKey, secretKey: store.secretKey },
  upload: { accessKey: store.uploadAccessKey, secretKey: store.uploadSecretKey },
});
