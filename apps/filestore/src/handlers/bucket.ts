import { requireAccess } from '../auth/principal.js';
import { NO_BYTES } from '../bytes.js';
import { readWhole } from '../http/body.js';
import { sendEmpty, sendXml, type Exchange, type Services } from '../http/exchange.js';
import { element, wrap, xmlDocument } from '../xml.js';

/** HeadBucket. */
export function headBucket({ region }: Services, { response }: Exchange): void {
  sendEmpty(response, 200, { 'x-amz-bucket-region': region });
}

/** CreateBucket: the one bucket is there already, which is said as success. */
export async function createBucket({ bucket }: Services, exchange: Exchange): Promise<void> {
  await readWhole(exchange, 64 * 1_024); // a CreateBucketConfiguration, which changes nothing here
  sendEmpty(exchange.response, 200, { Location: `/${bucket}` });
}

/** GetBucketLocation: empty for us-east-1, as S3 has it. */
export function getLocation({ region }: Services, { response }: Exchange): void {
  const xml = xmlDocument('LocationConstraint', region === 'us-east-1' ? '' : region);
  sendXml(response, 200, xml);
}

/** GetBucketVersioning: never enabled. */
export function getVersioning(_services: Services, { response }: Exchange): void {
  sendXml(response, 200, xmlDocument('VersioningConfiguration'));
}

/** ListBuckets: the one bucket. */
export function listBuckets(services: Services, { response, authenticated }: Exchange): void {
  requireAccess(authenticated.principal, 'bucket', NO_BYTES, services.publicPrefix);
  const owner = wrap('Owner', element('ID', 'rekall'), element('DisplayName', 'rekall'));
  const bucket = wrap('Bucket', element('Name', services.bucket), element('CreationDate', '1970-01-01T00:00:00.000Z'));
  sendXml(response, 200, xmlDocument('ListAllMyBucketsResult', owner, wrap('Buckets', bucket)));
}
