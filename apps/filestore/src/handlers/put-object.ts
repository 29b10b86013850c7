import { requireAccess, type Principal } from '../auth/principal.js';
import type { ByteString } from '../bytes.js';
import type { Incoming } from '../disk/incoming.js';
import type { ObjectMeta } from '../disk/object-file.js';
import type { GivenMeta } from '../disk/store.js';
import { checkWriteCondition, preconditionFailed, writeCondition, type WriteCondition } from '../http/conditions.js';
import { sendEmpty, type Exchange, type Services } from '../http/exchange.js';
import { givenMeta } from '../http/given-meta.js';
import { claimedChecksum, declaredSize, receive } from '../http/receive.js';
import { S3Error } from '../s3-error.js';

/** PutObject. Everything that the head can be refused for is refused before the body is read. */
export async function putObject(services: Services, exchange: Exchange): Promise<void> {
  const { request, response, authenticated } = exchange;
  const { principal } = authenticated;
  const { key, headers, amz } = request;
  requireAccess(principal, 'write', key, services.publicPrefix);
  if (amz.has('x-amz-copy-source')) {
    if (principal.kind === 'upload') throw new S3Error('AccessDenied', 'This access key may not copy.');
    throw new S3Error('NotImplemented', 'CopyObject is not implemented.');
  }
  const condition = writeCondition(headers);
  if (principal.kind === 'upload' && condition.ifMatch !== undefined) {
    throw new S3Error('AccessDenied', 'This access key may not read, so it may not use If-Match.');
  }
  const given = givenMeta(headers, amz);
  claimedChecksum(amz);
  if (principal.kind === 'upload') await services.quotas.admit(key, declaredSize(exchange));
  const incoming = services.store.incoming();
  try {
    const { md5, checksum } = await receive(exchange, incoming);
    const etag = md5.toString('hex');
    const meta = await commit(services, principal, {
      key,
      incoming,
      condition,
      given: { etag, ...given, ...(checksum === undefined ? {} : { checksum }) },
    });
    sendEmpty(response, 200, writtenHeaders(meta));
  } finally {
    await incoming.discard();
  }
}

/** The headers that tell of a written object. */
export function writtenHeaders({ etag, checksum }: ObjectMeta): Record<string, string> {
  const headers: Record<string, string> = { ETag: `"${etag}"` };
  if (checksum !== undefined) headers[`x-amz-checksum-${checksum.algorithm}`] = checksum.value;
  return headers;
}

/**
 * Makes a received body the object of a key, within the quota and under the condition.
 * @throws S3Error PreconditionFailed, NoSuchKey, QuotaExceeded
 */
export async function commit(
  { store, quotas }: Services,
  principal: Principal,
  write: {
    readonly key: ByteString;
    readonly incoming: Incoming;
    readonly condition: WriteCondition;
    readonly given: GivenMeta;
  },
): Promise<ObjectMeta> {
  const { key, incoming, condition, given } = write;
  let undo = (): void => undefined;
  let committed;
  try {
    committed = await store.put(key, incoming, given, {
      onlyNew: condition.onlyNew,
      before: (present) => {
        checkWriteCondition(condition, present);
        undo = quotas.charge(key, present?.size, incoming.size, principal.kind === 'upload');
      },
    });
  } catch (error) {
    undo();
    throw error;
  }
  if (committed.done) return committed.meta;
  undo();
  throw preconditionFailed('If-None-Match');
}
