import { requireAccess } from '../auth/principal.js';
import { writeCondition } from '../http/conditions.js';
import { sendEmpty, type Exchange, type Services } from '../http/exchange.js';
import { givenMeta } from '../http/given-meta.js';
import { claimedChecksum, declaredSize, receive } from '../http/receive.js';
import { S3Error } from '../s3-error.js';
import { commit, writtenHeaders } from './commit.js';
import { copyObject } from './copy-object.js';

/** PutObject, and CopyObject where a source is named. Everything that the head can be refused for is refused before the body is read. */
export async function putObject(services: Services, exchange: Exchange): Promise<void> {
  const { request, response, authenticated } = exchange;
  const { principal } = authenticated;
  const { key, headers, amz } = request;
  requireAccess(principal, 'write', key, services.publicPrefix);
  if (amz.has('x-amz-copy-source')) {
    if (principal.kind === 'upload') throw new S3Error('AccessDenied', 'This access key may not copy.');
    await copyObject(services, exchange);
    return;
  }
  const condition = writeCondition(headers);
  if (principal.kind === 'upload' && condition.ifMatch !== undefined) {
    throw new S3Error('AccessDenied', 'This access key may not read, so it may not use If-Match.');
  }
  const given = givenMeta(headers, amz);
  claimedChecksum(amz);
  if (principal.kind === 'upload') await services.quotas.admit(key, declaredSize(exchange));
  const incoming = services.store.incoming(declaredSize(exchange));
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
