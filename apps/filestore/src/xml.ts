import { XMLParser } from 'fast-xml-parser';
import { S3Error } from './s3-error.js';

const SPECIAL = /[&<>"'\p{Cc}]/u;

/** Text of an XML element: markup escaped, control characters as numeric references (as S3 writes them). */
function escapeXml(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text
    .replace(/[&<>"']/g, (char) => `&#${String(char.charCodeAt(0))};`)
    .replace(/\p{Cc}/gu, (char) => (char === '\n' || char === '\t' ? char : `&#${String(char.charCodeAt(0))};`));
}

/** `<name>text</name>`. */
export function element(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`;
}

/** `<name>inner</name>`, inner being XML already. */
export function wrap(name: string, ...inner: readonly string[]): string {
  return `<${name}>${inner.join('')}</${name}>`;
}

/** A whole document in S3's namespace. */
export function xmlDocument(root: string, ...inner: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner.join('')}</${root}>`;
}

/** The body of an error answer: no namespace, as S3's. */
export function errorDocument(elements: Readonly<Record<string, string>>): string {
  const inner = Object.entries(elements).map(([name, text]) => element(name, text));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${wrap('Error', ...inner)}`;
}

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => name === 'Object' || name === 'Part',
});

/** Whether there is one root element and every tag is closed in its turn; the parser itself is lenient. */
function isWellNested(text: string): boolean {
  const open: string[] = [];
  let roots = 0;
  const markup = text.replace(/<!--[^]*?-->|<\?[^]*?\?>/g, '');
  for (const [, closing, name = '', selfClosing] of markup.matchAll(/<(\/?)([^\s<>/]+)[^<>]*?(\/?)>/g)) {
    if (closing !== '' && open.pop() !== name) return false;
    if (closing !== '') continue;
    if (open.length === 0) roots += 1;
    if (selfClosing === '') open.push(name);
  }
  return roots === 1 && open.length === 0 && !/<[^>]*(<|$)/.test(markup);
}

/**
 * Parses an XML body to plain objects. No document type is accepted, so no entity can be declared.
 * @throws S3Error MalformedXML
 */
export function parseXml(text: string): unknown {
  if (/<!/.test(text.replace(/<!--[^]*?-->/g, ''))) {
    throw new S3Error('MalformedXML', 'A document type or CDATA section is not accepted.');
  }
  if (!isWellNested(text)) throw new S3Error('MalformedXML');
  return parser.parse(text);
}
