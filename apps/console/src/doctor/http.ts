import { type S3Config, signUploadPolicy } from '#locations';

const HTTP_MS = 15_000;
const GRANT_MS = 1_800_000;

/** Sends a request as it is: no redirect is followed, nothing is tried again. */
const send = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { ...init, signal: AbortSignal.timeout(HTTP_MS), redirect: 'manual' });

/** The status of an answer. */
export const statusOf = async (url: string, init: RequestInit = {}): Promise<number> => {
  const answer = await send(url, init);
  await answer.body?.cancel();
  return answer.status;
};

/** A form as an agent would send it. */
export interface FormUpload {
  prefix: string;
  /** What the grant says of the size. */
  minBytes: number;
  maxBytes: number;
  key: string;
  /** What is really sent. */
  bytes: number;
  signedAt: Date;
}

/** Uploads by a grant of the upload-only key that is good for half an hour; the status, and S3's code of a refusal. */
export const uploadByForm = async (upload: S3Config, form: FormUpload): Promise<{ status: number; code: string }> => {
  const { prefix, minBytes, maxBytes, key, bytes, signedAt } = form;
  const { url, fields } = await signUploadPolicy(upload, {
    prefix,
    template: '{path}',
    minBytes,
    maxBytes,
    expiresAt: new Date(signedAt.getTime() + GRANT_MS),
    now: signedAt,
  });
  const body = new FormData();
  body.set('key', key);
  body.set('Content-Type', 'application/json');
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set('file', new Blob(['x'.repeat(bytes)]), 'probe');
  const answer = await send(url, { method: 'POST', body });
  return { status: answer.status, code: /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1] ?? '' };
};
