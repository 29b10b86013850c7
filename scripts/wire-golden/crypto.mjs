// Keys, certificates and signatures of the golden files. Nothing of ours is used: certificates and fingerprints are made
// by the `openssl` program, hashes by `sha256sum`, signatures by node:crypto over bytes put together by hand.
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, createHmac, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const run = (program, args, input) =>
  execFileSync(program, args, {
    input,
    cwd: work,
    stdio: ['pipe', 'pipe', process.env.GOLDEN_VERBOSE ? 'inherit' : 'pipe'],
  });
const work = mkdtempSync(join(tmpdir(), 'wire-golden-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

export const sha256sum = (bytes) => run('sha256sum', [], bytes).toString().slice(0, 64);
export const b64u = (bytes) => Buffer.from(bytes).toString('base64url');

/** The Ed25519 key of a name: its seed is SHA-256("rekall golden " + name), wrapped as PKCS #8 by hand. */
export const key = (name) => {
  const seed = Buffer.from(sha256sum(`rekall golden ${name}`), 'hex');
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
};

/** A P-256 key of a name, for a certificate of the wrong kind: SEC1 wrapped in PKCS #8 by hand, without public part. */
const p256 = (name) => {
  const scalar = Buffer.from(sha256sum(`rekall golden ${name}`), 'hex');
  const der = Buffer.concat([
    Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex'),
    scalar,
  ]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
};

const USAGE = '2.25.314159265358979323846264338327950288419';
const EXTENSIONS = {
  ca: [
    'basicConstraints=critical,CA:TRUE',
    'keyUsage=critical,keyCertSign,digitalSignature',
    'subjectKeyIdentifier=hash',
  ],
  leaf: [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=critical,${USAGE}`,
  ],
  'leaf-without-key-ids': [
    'basicConstraints=critical,CA:FALSE',
    `extendedKeyUsage=critical,${USAGE}`,
    'subjectKeyIdentifier=none',
    'authorityKeyIdentifier=none',
  ],
  'leaf-without-usage': ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'],
  'leaf-server-auth': ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=critical,serverAuth'],
  'leaf-two-usages': ['basicConstraints=critical,CA:FALSE', `extendedKeyUsage=critical,${USAGE},clientAuth`],
  'ca-with-usage': [
    'basicConstraints=critical,CA:TRUE',
    'keyUsage=critical,keyCertSign,digitalSignature',
    `extendedKeyUsage=critical,${USAGE}`,
  ],
};

const config = [
  '[ca]',
  'default_ca=d',
  '[d]',
  'database=index.txt',
  'new_certs_dir=.',
  'serial=serial',
  'default_md=default',
  'policy=p',
  'unique_subject=no',
  '[p]',
  'commonName=supplied',
  '[req]',
  'distinguished_name=dn',
  '[dn]',
  ...Object.entries(EXTENSIONS).flatMap(([name, lines]) => [`[x_${name}]`, ...lines]),
].join('\n');

let serial = 0x1000;
/**
 * A certificate by `openssl ca`, self-signed when no issuer is given.
 * @returns its PEM text and base64 DER (for x5c), its SHA-256 as `openssl x509 -fingerprint` prints it, its key
 */
export const certificate = ({ subject, keyName, issuer, kind, from, to, curve = 'ed25519' }) => {
  const own = curve === 'ed25519' ? key(keyName) : p256(keyName);
  writeFileSync(join(work, 'ca.cnf'), config);
  writeFileSync(join(work, 'index.txt'), '');
  writeFileSync(join(work, 'serial'), `${(serial++).toString(16)}\n`);
  writeFileSync(join(work, 'own.key'), own.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(work, 'issuer.key'), (issuer?.key ?? own).export({ type: 'pkcs8', format: 'pem' }));
  if (issuer !== undefined) writeFileSync(join(work, 'issuer.pem'), issuer.pem);
  run('openssl', ['req', '-new', '-config', 'ca.cnf', '-key', 'own.key', '-subj', `/CN=${subject}`, '-out', 'own.csr']);
  run('openssl', [
    'ca',
    '-batch',
    '-notext',
    '-config',
    'ca.cnf',
    '-extensions',
    `x_${kind}`,
    '-in',
    'own.csr',
    '-out',
    'own.pem',
    '-keyfile',
    'issuer.key',
    ...(issuer === undefined ? ['-selfsign'] : ['-cert', 'issuer.pem']),
    '-startdate',
    from,
    '-enddate',
    to,
  ]);
  const pem = readFileSync(join(work, 'own.pem'), 'utf8');
  const der = run('openssl', ['x509', '-in', 'own.pem', '-outform', 'DER']).toString('base64');
  const printed = run('openssl', ['x509', '-in', 'own.pem', '-noout', '-fingerprint', '-sha256']).toString();
  const fingerprint = printed.split('=')[1].trim().replaceAll(':', '').toLowerCase();
  return { pem, der, fingerprint, key: own };
};

/** Identity and client id of an agent's key: SHA-256 over the DER that `openssl pkey -pubout` writes. */
export const agent = (name) => {
  const own = key(name);
  writeFileSync(join(work, 'agent.key'), own.export({ type: 'pkcs8', format: 'pem' }));
  const identity = sha256sum(run('openssl', ['pkey', '-in', 'agent.key', '-pubout', '-outform', 'DER']));
  const { x } = createPublicKey(own).export({ format: 'jwk' });
  return { key: own, identity, client_id: `C.${identity.slice(0, 16)}`, jwk: { kty: 'OKP', crv: 'Ed25519', x } };
};

/** Protected header and payload, joined by a dot, as RFC 7797 says for `b64: false`. */
export const signingInput = (encodedHeader, payload) =>
  Buffer.concat([Buffer.from(`${encodedHeader}.`), Buffer.from(payload)]);

/** A flattened JWS put together by hand. `header` is an object or a text that is used as it is. */
export const jws = (header, payload, privateKey) => {
  const encoded = b64u(typeof header === 'string' ? header : JSON.stringify(header));
  return { protected: encoded, payload, signature: b64u(sign(null, signingInput(encoded, payload), privateKey)) };
};

/** The same with HMAC: what an attacker does who hopes that a public key is taken for a shared secret. */
export const hmacJws = (header, payload, secret) => {
  const encoded = b64u(JSON.stringify(header));
  return {
    protected: encoded,
    payload,
    signature: b64u(createHmac('sha256', secret).update(signingInput(encoded, payload)).digest()),
  };
};

export const header = (typ, more = {}) => ({ alg: 'EdDSA', b64: false, crit: ['b64'], typ, ...more });
export const byLeaf = (typ, payload, leaf) => jws(header(typ, { x5c: [leaf.der] }), payload, leaf.key);
export const byAgent = (typ, payload, who) => jws(header(typ, { jwk: who.jwk }), payload, who.key);
