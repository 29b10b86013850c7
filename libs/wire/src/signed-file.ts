import { z } from 'zod';

/**
 * A flattened JWS with an unencoded payload (RFC 7797): `jq '.payload|fromjson'` reads it, the signature covers the
 * exact bytes, nothing is serialised again.
 */
export const SignedFile = z.object({
  protected: z
    .string()
    .min(1)
    .max(20_000)
    .regex(/^[A-Za-z0-9_-]+$/),
  payload: z.string(),
  signature: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[A-Za-z0-9_-]+$/),
});
export type SignedFile = z.infer<typeof SignedFile>;

/** The text of a signed file as it lies in the bucket. */
export const signedFileText = (file: SignedFile): string =>
  JSON.stringify({ protected: file.protected, payload: file.payload, signature: file.signature });

export const MESSAGE_TYPES = [
  'Trust',
  'Manifest',
  'JobFile',
  'Spec',
  'Startup',
  'FlowStatus',
  'HuntStatus',
  'FlowRecord',
  'ClientRecord',
  'AuditSegment',
] as const;
/** The `typ` of the protected header. */
export type MessageType = (typeof MESSAGE_TYPES)[number];
