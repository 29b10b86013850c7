// `rekall doctor --store` on a real Ceph: it finds nothing wrong with what `rekall init` set up, it warns of a rule that
// lets objects expire, and it leaves no probe behind.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { fetch } from 'undici';
import { buildIfStale } from './build.mjs';
import { node, root, runNode, toolEnvironment } from './project.mjs';

const BUCKET = 'doctored';
const WHAT = 'no rule of the bucket removes evidence';
const RULE = `<LifecycleConfiguration><Rule><ID>a-year</ID><Prefix>hunts/</Prefix><Status>Enabled</Status><Expiration><Days>365</Days></Expiration></Rule></LifecycleConfiguration>`;

/** Sends one signed request to the bucket; the answer's text. @param given S3_ENDPOINT, S3_REGION and the owner's keys */
async function send(given, method, query, body = '') {
  const url = new URL(`/${BUCKET}`, given.S3_ENDPOINT);
  const signer = new SignatureV4({
    service: 's3',
    region: given.S3_REGION,
    credentials: { accessKeyId: given.S3_ACCESS_KEY, secretAccessKey: given.S3_SECRET_KEY },
    sha256: Sha256,
    uriEscapePath: false,
  });
  const { headers } = await signer.sign({
    method,
    protocol: 'http:',
    hostname: url.hostname,
    path: url.pathname,
    query,
    headers: {
      host: url.host,
      'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
      'content-md5': createHash('md5').update(body).digest('base64'),
    },
  });
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const answer = await fetch(url, { method, headers, ...(body === '' ? {} : { body }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url.href}: HTTP ${answer.status} ${text}`);
  return text;
}

/** One line of what was looked at here; gives 1 when it does not hold. */
function check(what, holds, seen) {
  console.log(`${holds ? 'ok  ' : 'FAIL'}  ${what}${holds ? '' : `: ${JSON.stringify(seen)}`}`);
  return holds ? 0 : 1;
}

/**
 * @param given what scripts/ceph/up printed
 * @param dir where the deployment may lie
 * @returns 0 when everything holds
 */
export async function doctorOnCeph(given, dir) {
  const built = await buildIfStale();
  if (built !== 0) return built;
  const command = (...args) => [join(root, 'dist/apps/console/src/main.js'), ...args, '--dir', dir];
  const rekall = (...args) => runNode(command(...args));
  const keys = ['ACCESS_KEY', 'SECRET_KEY', 'UPLOAD_ACCESS_KEY', 'UPLOAD_SECRET_KEY', 'UPLOAD_USER'];
  const store = ['ENDPOINT', 'REGION'].flatMap((name) => [`--s3-${name.toLowerCase()}`, given[`S3_${name}`]]);
  const options = keys.flatMap((name) => [`--${name.toLowerCase().replaceAll('_', '-')}`, given[`S3_${name}`]]);
  const made = rekall('init', ...store, ...options, '--bucket', BUCKET);
  let bad = made === 0 ? rekall('doctor', '--store') : made;
  const notOk = () => {
    const { stdout } = spawnSync(node, command('doctor', '--store', '--json'), {
      cwd: root,
      encoding: 'utf8',
      env: toolEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const findings = JSON.parse(stdout.slice(stdout.indexOf('['), stdout.lastIndexOf(']') + 1));
    const listed = findings.filter(({ what }) => what === WHAT);
    if (listed.length !== 1) throw new Error(`doctor --store did not look at the lifecycle: ${stdout}`);
    return { lifecycle: listed[0], seen: findings.map(({ what, seen }) => `${what}: ${seen}`) };
  };
  const before = notOk();
  bad += check('a bucket without rules: nothing expires', before.lifecycle.seen === 'no rule expires objects', before);
  const quotas = before.seen.filter((line) => line.startsWith('what agents upload is bounded'));
  const said = quotas.length === 3 && quotas.every((line) => line.includes('no quota refuses 5 TiB'));
  bad += check('that this store has no quotas is said', said, quotas);
  await send(given, 'PUT', { lifecycle: '' }, RULE);
  const { lifecycle } = notOk();
  const warned = lifecycle.verdict === 'warn' && lifecycle.seen === '1 rule expires objects';
  bad += check('a rule that lets evidence expire is warned of', warned, lifecycle);
  const helps = lifecycle.todo.some((line) => line.includes('delete-bucket-lifecycle'));
  bad += check('with a command that removes it', helps, lifecycle);
  await send(given, 'DELETE', { lifecycle: '' });
  const left = [...(await send(given, 'GET', {})).matchAll(/<Key>([^<]*)</g)].map(([, key]) => key);
  bad += check('no probe is left', !left.some((key) => /doctor|quota/.test(key)), left);
  const { deployment } = JSON.parse(readFileSync(join(dir, 'deployment.json'), 'utf8'));
  return rekall('destroy', '--deployment', deployment) || bad;
}
