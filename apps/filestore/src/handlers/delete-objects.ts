import { createHash } from 'node:crypto';
import { z } from 'zod';
import { requireAccess } from '../auth/principal.js';
import { isValidUtf8, NO_BYTES, toBytes, type ByteString } from '../bytes.js';
import { readWhole } from '../http/body.js';
import { startChecksum } from '../http/checksums.js';
import { checkWriteCondition, writeCondition, type WriteCondition } from '../http/conditions.js';
import { sendEmpty, sendXml, type Exchange, type Services } from '../http/exchange.js';
import { claimedChecksum } from '../http/receive.js';
import { S3Error } from '../s3-error.js';
import { element, parseXml, wrap, xmlDocument } from '../xml.js';

const MAX_KEYS = 1_000;
const MAX_BODY = 8 * 2 ** 20;
const AT_ONCE = 16;
const ALWAYS: WriteCondition = { onlyNew: false, ifMatch: undefined };

async function remove({ store, quotas }: Services, key: ByteString, condition: WriteCondition = ALWAYS): Promise<void> {
  await store.delete(key, (present) => {
    checkWriteCondition(condition, present);
    return present === undefined ? () => undefined : quotas.charge(key, present.size, undefined, false);
  });
}

/** DeleteObject: 204 whether there was an object or not. */
export async function deleteObject(services: Services, exchange: Exchange): Promise<void> {
  const { request, response, authenticated } = exchange;
  requireAccess(authenticated.principal, 'delete', request.key, services.publicPrefix);
  if (request.query.has('versionId') && request.query.get('versionId') !== 'null') throw new S3Error('NotImplemented');
  await remove(services, request.key, writeCondition(request.headers));
  sendEmpty(response, 204);
}

const requestSchema = z.object({
  Delete: z.object({
    Quiet: z.string().optional(),
    Object: z
      .array(z.object({ Key: z.string().min(1), VersionId: z.string().optional() }))
      .min(1)
      .max(MAX_KEYS),
  }),
});

function checkDigests({ request, authenticated }: Exchange, body: Buffer): void {
  const md5 = request.headers.get('content-md5');
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) throw new S3Error('BadDigest');
  const claim = claimedChecksum(request.amz);
  if (claim !== undefined) {
    const running = startChecksum(claim.algorithm);
    running.update(body);
    if (running.digest() !== claim.value) throw new S3Error('BadDigest');
  }
  const { payload } = authenticated;
  if (payload === 'UNSIGNED-PAYLOAD') return;
  if (payload.startsWith('STREAMING-')) throw new S3Error('NotImplemented', 'DeleteObjects takes no chunked body.');
  if (createHash('sha256').update(body).digest('hex') !== payload) throw new S3Error('XAmzContentSHA256Mismatch');
}

/** DeleteObjects: up to 1,000 keys. */
export async function deleteObjects(services: Services, exchange: Exchange): Promise<void> {
  requireAccess(exchange.authenticated.principal, 'bucket', NO_BYTES, services.publicPrefix);
  const body = await readWhole(exchange, MAX_BODY);
  checkDigests(exchange, body);
  const parsed = requestSchema.safeParse(parseXml(body.toString('utf8')));
  if (!parsed.success || !isValidUtf8(body.toString('latin1') as ByteString)) throw new S3Error('MalformedXML');
  const { Object: objects, Quiet } = parsed.data.Delete;
  const results: string[] = [];
  for (let start = 0; start < objects.length; start += AT_ONCE) {
    const batch = objects.slice(start, start + AT_ONCE);
    results.push(...(await Promise.all(batch.map((item) => removeOne(services, item, Quiet === 'true')))));
  }
  sendXml(exchange.response, 200, xmlDocument('DeleteResult', ...results));
}

async function removeOne(
  services: Services,
  item: { Key: string; VersionId?: string | undefined },
  quiet: boolean,
): Promise<string> {
  const key = toBytes(item.Key);
  const refused = (code: string, message: string): string =>
    wrap('Error', element('Key', item.Key), element('Code', code), element('Message', message));
  if (key.length > 1_024) return refused('KeyTooLongError', 'Your key is too long: at most 1,024 bytes.');
  if (item.VersionId !== undefined && item.VersionId !== 'null')
    return refused('NotImplemented', 'There are no versions.');
  await remove(services, key);
  return quiet ? '' : wrap('Deleted', element('Key', item.Key));
}
