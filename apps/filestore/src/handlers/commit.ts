import type { Principal } from '../auth/principal.js';
import type { ByteString } from '../bytes.js';
import type { Incoming } from '../disk/incoming.js';
import type { ObjectMeta } from '../disk/object-file.js';
import type { GivenMeta } from '../disk/store.js';
import { checkWriteCondition, preconditionFailed, type WriteCondition } from '../http/conditions.js';
import type { Services } from '../http/exchange.js';

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
  const committed = await store.put(key, incoming, given, {
    onlyNew: condition.onlyNew,
    before: (present) => {
      checkWriteCondition(condition, present);
      return quotas.charge(key, present?.size, incoming.size, principal.kind === 'upload');
    },
  });
  if (committed.done) return committed.meta;
  throw preconditionFailed('If-None-Match');
}
