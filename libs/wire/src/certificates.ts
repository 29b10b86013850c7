import { createPrivateKey, type KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { SIGNING_USAGE } from './trust.js';

/** A certificate and its private key, both as PEM. */
export interface KeyPairPem {
  certificatePem: string;
  privateKeyPem: string;
}

const DAY_MS = 86_400_000;
const ED25519 = { name: 'Ed25519' };

const pkcs8Pem = async (key: webcrypto.CryptoKey): Promise<string> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
};

/** Loaded only by `init` and `rotate`: agents never make certificates. */
const library = async () => {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  return x509;
};

const serial = (): string => (0x10 + ((randomBytes(1)[0] ?? 0) % 0x60)).toString(16) + randomBytes(15).toString('hex');

/** The CA of a deployment: self-signed, Ed25519, ten years. Its key is kept offline after `init`. */
export const createCa = async (options: { name: string; now: Date }): Promise<KeyPairPem> => {
  const x509 = await library();
  const keys = await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  if (!('privateKey' in keys)) throw new Error('no key pair was made');
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${options.name}`,
    notBefore: new Date(options.now.getTime() - DAY_MS),
    notAfter: new Date(options.now.getTime() + 3650 * DAY_MS),
    signingAlgorithm: ED25519,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem: await pkcs8Pem(keys.privateKey) };
};

/** A signing leaf: one year, `CA:FALSE`, our extended key usage. */
export const createLeaf = async (options: { name: string; now: Date; ca: KeyPairPem }): Promise<KeyPairPem> => {
  const x509 = await library();
  const keys = await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  if (!('privateKey' in keys)) throw new Error('no key pair was made');
  const caCertificate = new x509.X509Certificate(options.ca.certificatePem);
  const caDer = createPrivateKey(options.ca.privateKeyPem).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', caDer, 'Ed25519', false, ['sign']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${options.name}`,
    issuer: caCertificate.subject,
    notBefore: new Date(options.now.getTime() - DAY_MS / 24),
    notAfter: new Date(options.now.getTime() + 365 * DAY_MS),
    signingAlgorithm: ED25519,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([SIGNING_USAGE], true),
    ],
  });
  return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem: await pkcs8Pem(keys.privateKey) };
};

/** PEM texts to what `signAsServer` takes. Throws when either cannot be read or they do not belong together. */
export const loadSigner = (pem: KeyPairPem): { privateKey: KeyObject; certificate: X509Certificate } => {
  const certificate = new X509Certificate(pem.certificatePem);
  const privateKey = createPrivateKey(pem.privateKeyPem);
  if (!certificate.checkPrivateKey(privateKey))
    throw new Error('the signing certificate and key do not belong together');
  return { privateKey, certificate };
};
