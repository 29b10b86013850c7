const WORD_PART = /[\p{L}\p{N}_]/u;
const SPACE = /[\s\u001c-\u001f\u0085]/u;

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

/** White space of any kind, line ends included. */
export function isSpace(code: number): boolean {
  return code === 32 || (code < 128 ? SPACE.test(String.fromCharCode(code)) : SPACE.test(String.fromCodePoint(code)));
}
