import { expirationRules, type S3Config, StoreRefused } from '#locations';
import { uploadByForm } from './http.js';
import type { Report } from './report.js';

/** What keeps agents from filling the store. */
export interface Bounds {
  /** The store itself counts and refuses (our file store). */
  byStore: boolean;
  /** What else does, for people. */
  otherwise: string;
  /** What to do where the store should refuse and does not. */
  mend: string[];
}

/** S3's largest object, 5 TiB: no quota has room for it. */
const TOO_MUCH = 5 * 1024 ** 4;

/**
 * Asks under each of these prefixes for room for 5 TiB, with a grant that says so: a store with quotas refuses before it
 * reads the body, any other finds the body too small. Nothing is stored.
 */
export const lookAtQuotas = async (
  under: { upload: S3Config; bounds: Bounds },
  prefixes: readonly string[],
  report: Report,
): Promise<void> => {
  const { byStore, otherwise, mend } = under.bounds;
  for (const prefix of prefixes) {
    const limits = { prefix, minBytes: TOO_MUCH, maxBytes: TOO_MUCH };
    const form = { ...limits, key: `${prefix}quota`, bytes: 10, signedAt: new Date() };
    const { status, code } = await uploadByForm(under.upload, form);
    const refused = status === 403 && code === 'QuotaExceeded';
    const seen = `HTTP ${String(status)} ${code}`.trim();
    report.note(
      `what agents upload is bounded under ${prefix.split('/')[0]?.replace(/^C\..*/, 'C.*') ?? ''}/`,
      refused || (!byStore && status === 400 && code === 'EntityTooSmall'),
      refused ? `an upload of 5 TiB is refused at once: ${seen}` : `no quota refuses 5 TiB (${seen}); ${otherwise}`,
      mend,
    );
  }
};

/** Whether the store itself removes objects after a time: evidence would go without a trace. */
export const lookAtLifecycle = async (service: S3Config, report: Report): Promise<void> => {
  const aws = (command: string): string =>
    `aws --endpoint-url ${service.endpoint} s3api ${command} --bucket ${service.bucket}`;
  const what = 'no rule of the bucket removes evidence';
  try {
    const rules = await expirationRules(service);
    const seen =
      rules === undefined
        ? 'this store has no lifecycle rules (NotImplemented): it removes nothing by itself'
        : rules.length === 0
          ? 'no rule expires objects'
          : `${String(rules.length)} ${rules.length === 1 ? 'rule expires' : 'rules expire'} objects`;
    const todo = [aws('get-bucket-lifecycle-configuration'), aws('delete-bucket-lifecycle')];
    report.note(what, rules === undefined || rules.length === 0, seen, todo, 'warn');
  } catch (error) {
    if (!(error instanceof StoreRefused)) throw error;
    report.note(what, false, error.message, [aws('get-bucket-lifecycle-configuration')], 'warn');
  }
};
