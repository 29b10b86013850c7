/** The most keys that one DeleteObjects takes. */
export const MAX_DELETE_KEYS = 1000;

/** What XML 1.0 cannot carry: such keys are deleted one by one. */
const NOT_XML = /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

export const fitsXml = (key: string): boolean => !NOT_XML.test(key);

const escapeXml = (text: string): string =>
  text.replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The body of a quiet DeleteObjects. */
export const deleteRequestXml = (keys: string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${keys
    .map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`)
    .join('')}</Delete>`;

/** One key that could not be deleted. */
export interface DeleteError {
  key: string;
  code: string;
}

/** The failures that the answer to a DeleteObjects names; a key that was not there is none. */
export const parseDeleteErrors = async (xml: string): Promise<DeleteError[]> => {
  const { XMLParser } = await import('fast-xml-parser');
  const parser = new XMLParser({
    parseTagValue: false,
    trimValues: false,
    htmlEntities: true,
    isArray: (name) => name === 'Error',
  });
  const parsed = parser.parse(xml) as { DeleteResult?: { Error?: { Key?: unknown; Code?: unknown }[] } | string };
  const result = parsed.DeleteResult;
  if (result === undefined) return [{ key: '', code: 'not-a-delete-result' }];
  if (typeof result === 'string') return [];
  return (result.Error ?? [])
    .map((error) => ({
      key: typeof error.Key === 'string' ? error.Key : '',
      code: typeof error.Code === 'string' ? error.Code : 'unknown',
    }))
    .filter((error) => error.code !== 'NoSuchKey');
};
