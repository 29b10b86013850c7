import { createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { FlattenedSign } from 'jose/jws/flattened/sign'; // an idle agent keeps 8 MB less than with all of jose
import { z } from 'zod';
import { Refusal } from './errors.js';
import { clientIdOf, identityOf } from './ids.js';
import { parseJson, parseMessage } from './parse.js';
import { type MessageType, SignedFile } from './signed-file.js';

/** A signing leaf: its Ed25519 private key and its certificate. */
export interface ServerSigner {
  privateKey: KeyObject;
  certificate: X509Certificate;
}

const encoder = new TextEncoder();
const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);

const ProtectedHeader = z.object({
  alg: z.string(),
  b64: z.boolean().optional(),
  crit: z.array(z.string()).max(16).optional(),
  typ: z.string().optional(),
  x5c: z.array(base64).max(4).optional(),
  jwk: z
    .object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string().regex(/^[A-Za-z0-9_-]{43}$/) })
    .optional(),
});
type ProtectedHeader = z.infer<typeof ProtectedHeader>;

/** What stands before the 32 bytes of an Ed25519 public key in its DER (RFC 8410). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

const sign = async (typ: MessageType, payload: string, key: KeyObject, more: object): Promise<SignedFile> => {
  const jws = await new FlattenedSign(encoder.encode(payload))
    .setProtectedHeader({ alg: 'EdDSA', b64: false, crit: ['b64'], typ, ...more })
    .sign(key);
  if (jws.protected === undefined) throw new Error('the JWS library made no protected header');
  return { protected: jws.protected, payload, signature: jws.signature };
};

/** Signs a payload's exact bytes as the server: the header carries the leaf certificate. */
export const signAsServer = (typ: MessageType, payload: string, signer: ServerSigner): Promise<SignedFile> =>
  sign(typ, payload, signer.privateKey, { x5c: [signer.certificate.raw.toString('base64')] });

/** Signs as an agent: the header carries the public key itself. */
export const signAsAgent = (typ: MessageType, payload: string, privateKey: KeyObject): Promise<SignedFile> => {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new Error('the agent key is not an Ed25519 key');
  return sign(typ, payload, privateKey, { jwk: { kty: 'OKP', crv: 'Ed25519', x } });
};

/** Signs the list of trusted leaves with the CA key itself. */
export const signTrust = (payload: string, caKey: KeyObject): Promise<SignedFile> => sign('Trust', payload, caKey, {});

/** Text of a signed file to its three parts, nothing checked but the shape. */
export const parseSignedFile = (text: string, what: string, maxBytes: number): SignedFile =>
  parseMessage(SignedFile, parseJson(text, what, maxBytes), what);

/** Header checks that come before any key is looked at: algorithm, crit, unencoded payload, typ. */
const openHeader = (file: SignedFile, typ: MessageType): ProtectedHeader => {
  const text = Buffer.from(file.protected, 'base64url').toString('utf8');
  const header = parseMessage(ProtectedHeader, parseJson(text, 'protected header', 20_000, 8), 'protected header');
  if (header.alg !== 'EdDSA')
    throw new Refusal('jws-algorithm', `algorithm ${JSON.stringify(header.alg)} is not accepted: EdDSA only`);
  const crit = header.crit ?? [];
  const unknown = crit.find((name) => name !== 'b64');
  if (unknown !== undefined) throw new Refusal('jws-crit', `unknown critical header ${JSON.stringify(unknown)}`);
  if (header.b64 !== false || crit.length !== 1)
    throw new Refusal('jws-crit', 'the payload must be unencoded: b64 false, named in crit');
  if (header.typ !== typ)
    throw new Refusal('jws-typ', `this is a ${JSON.stringify(header.typ ?? 'file without typ')}, not a ${typ}`);
  return header;
};

/** In the thread pool: a worker checks a thousand a second. */
const verifyInPool = promisify(verify);

/** RFC 7797: the signature is over the header as it is written, a dot, and the payload's own bytes. `key` is an Ed25519 key. */
const checkSignature = async (file: SignedFile, key: KeyObject, typ: MessageType): Promise<void> => {
  const signed = Buffer.from(`${file.protected}.${file.payload}`, 'utf8');
  if (!(await verifyInPool(null, signed, key, Buffer.from(file.signature, 'base64url'))))
    throw new Refusal('jws-signature', `the signature of this ${typ} does not fit its bytes and key`);
};

const MAX_AGENT_KEYS = 4096;
/** Keys of agents by their `x`, the newest last: a client sends several tickets, and to import its key is not cheap. */
const agentKeys = new Map<string, KeyObject>();

const agentKey = (jwk: { kty: 'OKP'; crv: 'Ed25519'; x: string }): KeyObject => {
  const known = agentKeys.get(jwk.x);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const [oldest] = agentKeys.keys();
  if (agentKeys.size >= MAX_AGENT_KEYS && oldest !== undefined) agentKeys.delete(oldest);
  agentKeys.set(jwk.x, key);
  return key;
};

/** Who signed a ticket: the full identity and the client id that it gives. */
export interface AgentIdentity {
  /** SHA-256 (hex) over the DER public key. */
  identity: string;
  clientId: string;
}

/** Checks a file signed by an agent with the key in its own header. The caller compares the identity with the pinned one. */
export const verifyAgentFile = async (file: SignedFile, typ: MessageType): Promise<AgentIdentity> => {
  const { jwk } = openHeader(file, typ);
  if (jwk === undefined) throw new Refusal('jws-malformed', `this ${typ} names no agent key (jwk)`);
  await checkSignature(file, agentKey(jwk), typ);
  const identity = identityOf(Buffer.concat([ED25519_SPKI, Buffer.from(jwk.x, 'base64url')]));
  return { identity, clientId: clientIdOf(identity) };
};

/** Checks the list of trusted leaves against the configured CA's own key. */
export const verifyTrustFile = async (file: SignedFile, ca: X509Certificate): Promise<void> => {
  openHeader(file, 'Trust');
  if (ca.publicKey.asymmetricKeyType !== 'ed25519')
    throw new Refusal('jws-algorithm', 'the CA certificate in the configuration does not hold an Ed25519 key');
  await checkSignature(file, ca.publicKey, 'Trust');
};

/** Checks the signature of a server file and gives the leaf that made it; whether that leaf is trusted is in trust.ts. */
export const verifyLeafSignature = async (file: SignedFile, typ: MessageType): Promise<X509Certificate> => {
  const { x5c } = openHeader(file, typ);
  const der = x5c?.[0];
  if (der === undefined) throw new Refusal('jws-malformed', `this ${typ} carries no certificate (x5c)`);
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(Buffer.from(der, 'base64'));
  } catch (error) {
    throw new Refusal('cert-malformed', `the certificate of this ${typ} cannot be read`, { cause: error });
  }
  if (leaf.publicKey.asymmetricKeyType !== 'ed25519')
    throw new Refusal('jws-algorithm', 'the certificate does not hold an Ed25519 key');
  await checkSignature(file, leaf.publicKey, typ);
  return leaf;
};
