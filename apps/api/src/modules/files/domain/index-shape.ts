/** An index says more of each part than so many bytes: two hashes and a key; and no more values of it than this. */
const LEAST_BYTES_OF_A_PART = 200;
const MOST_COMMAS_OF_A_PART = 8;
/** Of the members of the index itself and what is in its path. */
const MOST_COMMAS_BESIDE = 20_000;

const COMMA = ','.charCodeAt(0);
const BRACKET = '['.charCodeAt(0);
const BRACE = '{'.charCodeAt(0);

/**
 * Whether so many values cannot be in the index of a large file. Asked before it is parsed: 64 MiB of `{},{},...` would
 * become gigabytes, and nobody else would be answered for seconds.
 */
export const isCrowded = (index: Uint8Array): boolean => {
  const most = Math.floor(index.length / LEAST_BYTES_OF_A_PART) * MOST_COMMAS_OF_A_PART + MOST_COMMAS_BESIDE;
  let values = 0;
  for (const byte of index) if (byte === COMMA || byte === BRACKET || byte === BRACE) values += 1;
  return values > most;
};
