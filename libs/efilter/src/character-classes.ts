const WORD_PART = /[\p{L}\p{N}_]/u;
const SPACE = /\s/u;

/** ASCII digit. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** First character of a name: an ASCII letter or `_`. */
export function isNameStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

/** Later character of a name: any letter or digit of any script, or `_`. */
export function isNamePart(code: number): boolean {
  return isNameStart(code) || isDigit(code) || (code > 127 && WORD_PART.test(String.fromCodePoint(code)));
}

/** White space of any kind, line ends and the separators of ASCII included. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 28 && code <= 31) || code === 0x85 || SPACE.test(String.fromCodePoint(code));
}
