import { readLimited } from '../http/transport.js';
import { bucketAddress, type S3Config } from './config.js';
import { SignedTransport, type TransportOptions } from './signed-transport.js';
import { createSigner } from './signer.js';

const MAX_ANSWER = 256 * 1024;

/**
 * The rules by which the store itself removes objects after a time: the text of each that is enabled and has an
 * expiration. Those that only end unfinished multipart uploads are none. Undefined: this store has no lifecycles at all
 * (501), so it never removes anything by itself. `config` holds keys of the bucket's owner. Throws what every method of
 * ObjectStore throws.
 */
export async function expirationRules(config: S3Config, options: TransportOptions = {}): Promise<string[] | undefined> {
  const transport = new SignedTransport(bucketAddress(config), createSigner(config), options);
  try {
    const where = `the lifecycle of ${transport.address.url}`;
    const xml = await transport.send(
      { method: 'GET', query: { lifecycle: '' }, repeatable: true },
      [200, 404, 501],
      async (answer) => {
        const text = (await readLimited(answer.body, answer.headers, MAX_ANSWER, where)).toString('utf8');
        return answer.statusCode === 501 ? undefined : text;
      },
    );
    if (xml === undefined) return undefined;
    const rules = xml.match(/<Rule>.*?<\/Rule>/gs) ?? [];
    return rules.filter((rule) => /<Status>Enabled<\/Status>/.test(rule) && /<Expiration>/.test(rule));
  } finally {
    transport.close();
  }
}
