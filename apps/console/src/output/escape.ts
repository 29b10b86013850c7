const NAMED: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` };

const escapeOne = (char: string): string => {
  const named = NAMED[char];
  if (named !== undefined) return named;
  const code = (char.codePointAt(0) ?? 0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
};

/**
 * Text from evidence as it may go to a terminal: control characters, line breaks, and what is invisible or turns the
 * direction of writing are shown as escapes, so that nothing moves the cursor, hides, or looks like something else.
 */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapeOne);

/** The same for a text of several lines, which stay lines. */
export const printableLines = (text: string): string => text.split(/\r?\n/).map(printable).join('\n');

/** A value as JSON in ASCII control-free form: what a terminal could obey is written as \uXXXX, the meaning is the same. */
export const safeJson = (value: unknown, indent = 2): string =>
  JSON.stringify(value, undefined, indent).replace(/[\x7f-\x9f]|[\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
