/**
 * Agents' texts as Postgres can hold them: no NUL, no half of a surrogate pair. Both become U+FFFD. Keys of objects
 * are cleaned as well, so that a hostile name cannot stop a batch.
 */
export const cleanText = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

/** The same for every text and name in a JSON value. */
export const cleanJson = (value: unknown): unknown => {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanJson);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [cleanText(name), cleanJson(inner)]));
  return value;
};
