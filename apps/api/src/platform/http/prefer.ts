/** Nobody is kept waiting longer, in seconds: proxies cut a connection on which nothing is said. */
export const LONGEST_WAIT = 30;

/** The preferences of a header, without their parameters; a comma within quotes divides nothing. */
const preferencesOf = (header: string): string[] =>
  (header.match(/(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g) ?? []).map((text) => text.split(';')[0]?.trim() ?? '');

/**
 * Seconds of `Prefer: wait=N` (RFC 7240), at most {@link LONGEST_WAIT}. Undefined when nobody asks to wait, and when what
 * is asked for is no number from 1: a preference that cannot be followed is passed over, as all others are.
 */
export const preferredWait = (header: string | undefined): number | undefined => {
  const asked = preferencesOf(header ?? '').find((preference) => /^wait\b/i.test(preference));
  const [, digits] = /^wait\s*=\s*"?(\d{1,9})"?$/i.exec(asked ?? '') ?? [];
  const seconds = Number(digits ?? 0);
  return seconds < 1 ? undefined : Math.min(seconds, LONGEST_WAIT);
};
