import { z } from 'zod';
import { S3Error } from '../s3-error.js';

/** Form fields by name in lower case. */
export type FormFields = ReadonlyMap<string, string>;

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const policySchema = z.object({
  expiration: z.iso.datetime({ offset: true }),
  conditions: z.array(z.union([z.record(z.string(), scalar), z.array(z.union([z.string(), z.number()])).length(3)])),
});

/** A policy's conditions, taken apart. */
export interface PostPolicy {
  /** Unix milliseconds. */
  readonly expires: number;
  /** Exact values and beginnings, by field in lower case. */
  readonly fields: readonly { readonly field: string; readonly kind: 'eq' | 'starts-with'; readonly value: string }[];
  /** Content bytes, both included. */
  readonly size: { readonly min: number; readonly max: number } | undefined;
}

/** Fields that no condition needs to name; so do those that begin with `x-ignore-`. */
const FREE = new Set(['policy', 'x-amz-signature', 'file']);

function malformed(why: string): S3Error {
  return new S3Error('InvalidPolicyDocument', `Invalid Policy: ${why}`);
}

function parseJson(base64: string): unknown {
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(base64)) throw malformed('it is not base64.');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw malformed('it is not JSON in UTF-8.');
    throw error;
  }
}

function parseSize([, min, max]: readonly (string | number)[]): { min: number; max: number } {
  const [low, high] = [min, max].map((value) => (/^\d{1,15}$/.test(String(value)) ? Number(value) : -1));
  if (low === undefined || high === undefined || low < 0 || high < low) {
    throw malformed('content-length-range needs two whole numbers, the smaller first.');
  }
  return { min: low, max: high };
}

/**
 * Parses the policy field of a POST form.
 * @throws S3Error InvalidPolicyDocument
 */
export function parsePolicy(base64: string): PostPolicy {
  const parsed = policySchema.safeParse(parseJson(base64));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw malformed(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a policy'}`);
  }
  const fields: { field: string; kind: 'eq' | 'starts-with'; value: string }[] = [];
  let size: PostPolicy['size'];
  for (const condition of parsed.data.conditions) {
    if (!Array.isArray(condition)) {
      const entries = Object.entries(condition);
      const [entry] = entries;
      if (entry === undefined || entries.length > 1) throw malformed('a simple condition has exactly one property.');
      fields.push({ field: entry[0].toLowerCase(), kind: 'eq', value: entry[1] });
      continue;
    }
    const operator = String(condition[0]).toLowerCase();
    if (operator === 'content-length-range') {
      const next = parseSize(condition);
      size = size === undefined ? next : { min: Math.max(size.min, next.min), max: Math.min(size.max, next.max) };
      continue;
    }
    const [, name, value] = condition;
    if ((operator !== 'eq' && operator !== 'starts-with') || typeof name !== 'string' || !/^\$./.test(name)) {
      throw malformed('a condition is ["eq" or "starts-with", "$field", value] or ["content-length-range", min, max].');
    }
    fields.push({ field: name.slice(1).toLowerCase(), kind: operator, value: String(value) });
  }
  return { expires: Date.parse(parsed.data.expiration), fields, size };
}

function denied(why: string): S3Error {
  return new S3Error('AccessDenied', `Invalid according to Policy: ${why}`);
}

/** A starts-with condition on Content-Type holds for each of the types of a comma-separated list. */
function holds(kind: 'eq' | 'starts-with', field: string, value: string, actual: string): boolean {
  if (kind === 'eq') return actual === value;
  if (field !== 'content-type') return actual.startsWith(value);
  return actual.split(',').every((part) => part.trim().startsWith(value));
}

/**
 * Checks a form against its policy: not expired, every condition holds, and every field is named by a condition.
 * @param fields what was sent, `key` with `${filename}` replaced
 * @param bucket the bucket that the form was sent to
 * @throws S3Error AccessDenied
 */
export function checkPolicy(policy: PostPolicy, fields: FormFields, bucket: string, now: number): void {
  if (policy.expires < now) throw denied('Policy expired.');
  for (const { field, kind, value } of policy.fields) {
    const actual = field === 'bucket' ? (fields.get('bucket') ?? bucket) : (fields.get(field) ?? '');
    if (!holds(kind, field, value, actual))
      throw denied(`Policy Condition failed: ["${kind}", "$${field}", "${value}"]`);
  }
  if (fields.has('bucket') && fields.get('bucket') !== bucket) throw denied('the field bucket names another bucket.');
  const named = new Set(policy.fields.map(({ field }) => field));
  for (const field of fields.keys()) {
    if (FREE.has(field) || field.startsWith('x-ignore-') || named.has(field)) continue;
    throw denied(`Extra input fields: ${field}`);
  }
}
