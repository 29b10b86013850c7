import { isDigit, isNamePart, isNameStart, isSpace } from './character-classes.js';
import { parseError } from './errors.js';
import type { Token, TokenKind } from './token-kind.js';

/** Longest first: the first that fits is taken, so `n==-1` is `n`, `==`, `-`, `1`. */
const OPERATORS = ['==', '=~', '!=', '>=', '<=', '=', '>', '<', '+', '-', '*', '/', ':', '.'] as const;

const PUNCTUATION: Readonly<Record<string, TokenKind>> = {
  '(': 'lparen',
  ')': 'rparen',
  '[': 'lbracket',
  ']': 'rbracket',
  ',': 'comma',
};

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

const NUMBER = /\d+\.\d+|0x[0-9a-zA-Z]+|\d+/y;
const PARAMETER = /\{([a-z_0-9]*)\}|\?/y;

/** All tokens of a query, the last one `end of query`. Throws a parse error at the first character that fits nothing. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = skipBlank(text, 0);
  while (at < text.length) {
    const token = readToken(text, at);
    tokens.push(token);
    at = skipBlank(text, token.end);
  }
  tokens.push({ kind: 'end of query', text: '', start: text.length, end: text.length });
  return tokens;
}

/** White space and comments: `-- ...` and `// ...` to the end of the line, and between slash-star and star-slash. */
function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    if (two === '--' || two === '//') {
      while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at += 1;
    } else if (two === '/*') {
      const close = text.indexOf('*/', at + 2);
      if (close < 0) throw parseError('This comment is not closed: add */.', { start: at, end: text.length });
      at = close + 2;
    } else if (isSpace(text.charCodeAt(at))) {
      at += 1;
    } else {
      break;
    }
  }
  return at;
}

function readToken(text: string, start: number): Token {
  const char = text.charAt(start);
  const code = text.charCodeAt(start);
  const punctuation = PUNCTUATION[char];
  if (punctuation !== undefined) return { kind: punctuation, text: char, start, end: start + 1 };
  if (char === '{' || char === '?') return readParameter(text, start);
  if (isDigit(code)) return readNumber(text, start);
  if (char === '"' || char === "'") return readString(text, start, char);
  if (char === '`') return readQuotedName(text, start);
  if (isNameStart(code)) return readWord(text, start);
  for (const operator of OPERATORS) {
    if (text.startsWith(operator, start)) {
      return { kind: 'operator', text: operator, start, end: start + operator.length };
    }
  }
  const bad = String.fromCodePoint(text.codePointAt(start) ?? 0);
  throw parseError(`The character ${JSON.stringify(bad)} means nothing here.`, { start, end: start + bad.length });
}

function readParameter(text: string, start: number): Token {
  PARAMETER.lastIndex = start;
  const match = PARAMETER.exec(text);
  if (match === null) {
    throw parseError('A parameter is written ?, {}, {0} or {name}, in lower case.', { start, end: start + 1 });
  }
  return { kind: 'parameter', text: match[1] ?? '', start, end: start + match[0].length };
}

function readNumber(text: string, start: number): Token {
  NUMBER.lastIndex = start;
  const written = NUMBER.exec(text)?.[0] ?? '';
  const span = { start, end: start + written.length };
  const number = (value: number): Token => ({ kind: 'number', text: written, value, ...span });
  if (written.includes('.')) return number(Number(written));
  if (written.startsWith('0x')) {
    if (!/^0x[0-9a-fA-F]+$/.test(written)) throw parseError(`${written} is not a hexadecimal number.`, span);
    return number(Number(written));
  }
  if (written.length > 1 && written.startsWith('0')) {
    if (/[89]/.test(written)) throw parseError(`${written} is not an octal number (a leading 0 means octal).`, span);
    return number(Number.parseInt(written, 8));
  }
  return number(Number(written));
}

/** Between three quotes everything stands for itself; what is not closed so is read as a string of one quote. */
function readRawString(text: string, start: number, quote: string): Token | undefined {
  const fence = quote.repeat(3);
  if (!text.startsWith(fence, start)) return undefined;
  const close = text.indexOf(fence, start + 3);
  if (close < 0) return undefined;
  const end = close + 3;
  return { kind: 'string', text: text.slice(start, end), value: text.slice(start + 3, close), start, end };
}

function readString(text: string, start: number, quote: string): Token {
  const raw = readRawString(text, start, quote);
  if (raw !== undefined) return raw;
  let value = '';
  let at = start + 1;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === quote) return { kind: 'string', text: text.slice(start, at + 1), value, start, end: at + 1 };
    if (char === '\\' && at + 1 < text.length) {
      const next = text.charAt(at + 1);
      value += ESCAPES[next] ?? char + next;
      at += 2;
    } else {
      value += char;
      at += 1;
    }
  }
  throw parseError(`This string is not closed: add ${quote}.`, { start, end: text.length });
}

function readQuotedName(text: string, start: number): Token {
  const close = text.indexOf('`', start + 1);
  if (close < 0) throw parseError('This name is not closed: add `.', { start, end: text.length });
  if (close === start + 1) throw parseError('A name in backticks may not be empty.', { start, end: close + 1 });
  return { kind: 'word', text: text.slice(start + 1, close), quoted: true, start, end: close + 1 };
}

function readWord(text: string, start: number): Token {
  let end = start + 1;
  while (end < text.length) {
    const code = text.codePointAt(end) ?? 0;
    if (!isNamePart(code)) break;
    end += code > 0xffff ? 2 : 1;
  }
  return { kind: 'word', text: text.slice(start, end), start, end };
}
