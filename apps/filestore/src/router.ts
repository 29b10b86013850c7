import { requireAccess } from './auth/principal.js';
import { NO_BYTES } from './bytes.js';
import { createBucket, getLocation, getVersioning, headBucket, listBuckets } from './handlers/bucket.js';
import { deleteObject, deleteObjects } from './handlers/delete-objects.js';
import { getObject, getTagging } from './handlers/get-object.js';
import { listObjects } from './handlers/list-objects.js';
import { abortUpload, createUpload, listParts, listUploads } from './handlers/multipart.js';
import { completeUpload } from './handlers/multipart-complete.js';
import { uploadPart } from './handlers/multipart-parts.js';
import { postObject } from './handlers/post-object.js';
import { putObject } from './handlers/put-object.js';
import type { Exchange, Services } from './http/exchange.js';
import { S3Error } from './s3-error.js';

type Handler = (services: Services, exchange: Exchange) => Promise<void> | void;

/** Query parameters that make another operation of a request; those without a handler are not built. */
const SUBRESOURCES = new Set(
  (
    'accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle ' +
    'location logging metrics notification object-lock ownershipControls partNumber policy policyStatus ' +
    'publicAccessBlock replication requestPayment restore retention select select-type session tagging torrent ' +
    'uploadId uploads versioning versions website append renameObject metadataConfiguration metadataTable'
  ).split(' '),
);

const BUCKET: Readonly<Record<string, Handler>> = {
  'GET ': listObjects,
  'GET location': getLocation,
  'GET uploads': listUploads,
  'GET versioning': getVersioning,
  'HEAD ': headBucket,
  'PUT ': createBucket,
  'POST delete': deleteObjects,
};

const OBJECT: Readonly<Record<string, Handler>> = {
  'GET ': getObject,
  'GET tagging': getTagging,
  'HEAD ': getObject,
  'PUT ': putObject,
  'DELETE ': deleteObject,
  'POST uploads': createUpload,
  'PUT partNumber uploadId': uploadPart,
  'GET uploadId': listParts,
  'POST uploadId': completeUpload,
  'DELETE uploadId': abortUpload,
};

const METHODS = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE']);

/** Sends a request to what answers it. Access to objects is decided by the handlers; all else needs the service's key. */
export async function route(services: Services, exchange: Exchange): Promise<void> {
  const { request, authenticated } = exchange;
  const { principal } = authenticated;
  if (!METHODS.has(request.method)) throw new S3Error('MethodNotAllowed');
  const sub = [...request.query.keys()].filter((name) => SUBRESOURCES.has(name)).toSorted();
  const isForm = request.method === 'POST' && request.key === '' && sub.length === 0;
  if (isForm && principal.kind === 'anonymous' && request.bucket !== '') {
    requireBucket(services, request.bucket);
    await postObject(services, exchange);
    return;
  }
  const isObject = request.key !== '';
  if (!isObject || sub.length > 0) requireAccess(principal, 'bucket', NO_BYTES, services.publicPrefix);
  if (request.bucket === '') {
    if (request.method !== 'GET') throw new S3Error('MethodNotAllowed');
    listBuckets(services, exchange);
    return;
  }
  if (!isObject && request.method === 'PUT' && sub.length === 0 && request.bucket !== services.bucket) {
    throw new S3Error('NotImplemented', `This server has one bucket, ${services.bucket}, and makes no others.`);
  }
  if (principal.kind === 'service') requireBucket(services, request.bucket);
  else if (request.bucket !== services.bucket) throw new S3Error('AccessDenied');
  const handler = (isObject ? OBJECT : BUCKET)[`${request.method} ${sub.join(' ')}`];
  if (handler === undefined) {
    if (sub.length > 0 || request.method === 'DELETE') throw new S3Error('NotImplemented');
    throw new S3Error('MethodNotAllowed');
  }
  await handler(services, exchange);
}

function requireBucket({ bucket }: Services, asked: string): void {
  if (asked !== bucket) throw new S3Error('NoSuchBucket', undefined, { elements: { BucketName: asked } });
}
