import { XMLParser } from 'fast-xml-parser';
import { S3Error } from './s3-error.js';

/** Text of an XML element: markup escaped, control characters as numeric references (as S3 writes them). */
function escapeXml(text: string): string {
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
  isArray: (name) => name === 'Object',
});

/**
 * Parses an XML body to plain objects. No document type is accepted, so no entity can be declared.
 * @throws S3Error MalformedXML
 */
export function parseXml(text: string): unknown {
  if (/<!DOCTYPE/i.test(text)) throw new S3Error('MalformedXML', 'A document type is not accepted.');
  try {
    return parser.parse(text, true);
  } catch (error) {
    throw new S3Error('MalformedXML', error instanceof Error ? error.message : undefined);
  }
}
