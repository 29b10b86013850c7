import type { ObjectInfo } from '../object-store.js';

/** What stores write before the first object: the declaration, the root, and elements that hold text only. */
const HEAD =
  /^(?:<\?xml[^<>]*\?>)?\s*<ListBucketResult(?:\s[^<>]*)?>(?:\s*<([A-Za-z]+)>[^<>]*<\/\1>|\s*<[A-Za-z]+\/>)*/;
/** One object whose elements hold text only. */
const CONTENTS = /\s*<Contents>((?:\s*<([A-Za-z]+)>[^<>]*<\/\2>|\s*<[A-Za-z]+\/>)*)\s*<\/Contents>/y;
const FIELD = /<(Key|Size|ETag|LastModified)>([^<]*)<\/\1>/g;
const ENTITY = /&(?:amp|lt|gt|quot|apos|#34|#39);/g;
const TEXT_OF: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&#34;': '"',
  '&#39;': "'",
};

/** Undefined when there is a reference that is not one of the usual. */
const unescaped = (text: string): string | undefined => {
  if (!text.includes('&')) return text;
  if (text.replaceAll(ENTITY, '').includes('&')) return undefined;
  return text.replaceAll(ENTITY, (entity) => TEXT_OF[entity] ?? entity);
};

/** Listings have the same second many times over. */
const timeReader = (): ((text: string) => Date | undefined) => {
  let last = '';
  let lastMs = Number.NaN;
  return (text) => {
    if (text !== last) {
      last = text;
      lastMs = Date.parse(text);
    }
    return Number.isNaN(lastMs) ? undefined : new Date(lastMs);
  };
};

const objectOf = (fields: string, timeOf: (text: string) => Date | undefined): ObjectInfo | undefined => {
  const found: Record<string, string> = {};
  for (const [, name = '', text = ''] of fields.matchAll(FIELD)) {
    const plain = found[name] === undefined ? unescaped(text) : undefined;
    if (plain === undefined) return undefined;
    found[name] = plain;
  }
  const { Key: key, Size: size, ETag: etag, LastModified: time } = found;
  if (key === undefined || etag === undefined || size === undefined || !/^\d{1,15}$/.test(size)) return undefined;
  const lastModified = time === undefined ? undefined : timeOf(time);
  return lastModified === undefined ? undefined : { key, size: Number(size), etag, lastModified };
};

/**
 * Takes the objects out of a ListObjectsV2 page that is written as all known stores write it: no comments, sections or
 * document type, the objects one after the other, their elements plain text. `rest` is the page without them. Keys are
 * as they stand there. Undefined when anything is otherwise: then an XML parser has to read the page.
 */
export const takeContents = (xml: string): { objects: ObjectInfo[]; rest: string } | undefined => {
  if (xml.includes('<!') || xml.includes('<?', 1)) return undefined;
  const head = HEAD.exec(xml)?.[0];
  if (head === undefined) return undefined;
  const objects: ObjectInfo[] = [];
  const timeOf = timeReader();
  let end = head.length;
  CONTENTS.lastIndex = end;
  for (let match = CONTENTS.exec(xml); match !== null; match = CONTENTS.exec(xml)) {
    const object = objectOf(match[1] ?? '', timeOf);
    if (object === undefined) return undefined;
    objects.push(object);
    end = CONTENTS.lastIndex;
  }
  const tail = xml.slice(end);
  return tail.includes('Contents') ? undefined : { objects, rest: head + tail };
};
