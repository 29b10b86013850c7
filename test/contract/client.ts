import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { createPresignedPost, type PresignedPost, type PresignedPostOptions } from '@aws-sdk/s3-presigned-post';

/** A key pair as the AWS SDK takes it. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A client with the settings that every engine takes: path style, checksums only where the operation needs them. */
export function s3Client(
  target: { readonly endpoint: string; readonly region: string },
  credentials: Credentials,
): S3Client {
  return new S3Client({
    endpoint: target.endpoint,
    region: target.region,
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/**
 * The SDK's own POST policies. That package brings a copy of the client's classes with it, which differ from ours by
 * name only.
 */
export function presignPost(client: S3Client, options: PresignedPostOptions): Promise<PresignedPost> {
  const same: unknown = client;
  return createPresignedPost(same as Parameters<typeof createPresignedPost>[0], options);
}

/** Status and error code of what an SDK call was refused with. */
export async function refusal(call: Promise<unknown>): Promise<{ status: number | undefined; code: string }> {
  try {
    await call;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return { status: $metadata?.httpStatusCode, code: name };
  }
  return { status: 200, code: 'none' };
}

/** The `<Code>` of an XML error answer. */
export async function errorCode(response: Response): Promise<string> {
  return /<Code>([^<]*)<\/Code>/.exec(await response.text())?.[1] ?? '';
}

/** Sends a form as a browser would: the fields in their order, the file last. */
export async function postForm(
  url: string,
  fields: Readonly<Record<string, string>>,
  content: string | Buffer,
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(Buffer.from(content))]), 'file name.bin');
  return fetch(url, { method: 'POST', body: form, redirect: 'manual' });
}

/** The ETag of an object that was written in one piece. */
export function md5(text: string): string {
  return `"${createHash('md5').update(text).digest('hex')}"`;
}
