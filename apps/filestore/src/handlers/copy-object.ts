import { requireAccess } from '../auth/principal.js';
import { writeCondition } from '../http/conditions.js';
import { sendXml, type Exchange, type Services } from '../http/exchange.js';
import { givenMeta } from '../http/given-meta.js';
import { S3Error } from '../s3-error.js';
import { element, xmlDocument } from '../xml.js';
import { commit } from './commit.js';
import { openCopySource } from './copy-source.js';

const COPY_PARAMETER = /^x-amz-(?:copy-source(?:-if-[a-z-]+)?|metadata-directive|tagging-directive)$/;

function directive({ amz }: Exchange['request']): 'COPY' | 'REPLACE' {
  const tagging = amz.get('x-amz-tagging-directive') ?? 'COPY';
  if (tagging !== 'COPY') throw new S3Error('NotImplemented', 'There are no tags.');
  const metadata = amz.get('x-amz-metadata-directive') ?? 'COPY';
  if (metadata === 'COPY' || metadata === 'REPLACE') return metadata;
  throw new S3Error('InvalidArgument', 'Unknown metadata directive: use COPY or REPLACE.');
}

/** CopyObject, for the service only: the copy is a new object with its own time. */
export async function copyObject(services: Services, exchange: Exchange): Promise<void> {
  const { request, response, authenticated } = exchange;
  const { key, headers, amz } = request;
  requireAccess(authenticated.principal, 'bucket', key, services.publicPrefix);
  if (Number(headers.get('content-length') ?? '0') > 0) {
    throw new S3Error('InvalidRequest', 'A copy has no body.');
  }
  const metadata = directive(request);
  const condition = writeCondition(headers);
  const own = new Map([...amz].filter(([name]) => !COPY_PARAMETER.test(name)));
  const given = givenMeta(headers, own);
  const source = openCopySource(services, exchange);
  const incoming = services.store.incoming(source.meta.size);
  try {
    if (source.key === key && metadata === 'COPY') {
      throw new S3Error(
        'InvalidRequest',
        'This copy request is illegal because it is trying to copy an object to itself without changing its metadata.',
      );
    }
    await source.copyInto(incoming);
    const { headers: kept, user, checksum } = source.meta;
    const isWhole = checksum !== undefined && !checksum.value.includes('-');
    const meta = await commit(services, authenticated.principal, {
      key,
      incoming,
      condition,
      given: {
        etag: (await incoming.digest()).toString('hex'),
        ...(metadata === 'REPLACE' ? given : { headers: kept, user }),
        ...(isWhole ? { checksum } : {}),
      },
    });
    sendXml(
      response,
      200,
      xmlDocument(
        'CopyObjectResult',
        element('LastModified', new Date(meta.modified).toISOString()),
        element('ETag', `"${meta.etag}"`),
      ),
    );
  } finally {
    source.close();
    await incoming.discard();
  }
}
