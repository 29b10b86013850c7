const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The answers of one second have the same date: the last one is not read again. */
let last: { text: string; ms: number } = { text: '', ms: Number.NaN };

/** Reads an HTTP date (`Sun, 01 Mar 2026 12:00:30 GMT`); undefined for anything else. */
export const parseHttpDate = (text: string | undefined): Date | undefined => {
  if (text === undefined) return undefined;
  if (text !== last.text) last = { text, ms: HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN };
  return Number.isNaN(last.ms) ? undefined : new Date(last.ms);
};
