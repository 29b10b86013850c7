const LONGEST = 150;
/** Controls, what no file system takes, and characters that make a name look like another one. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\uFFFD\\/:*?"<>|]/gu;

/** The last part of a path as a name that is safe to save: the path is what a hostile machine says it is. */
export const safeName = (pathBytes: Uint8Array): string => {
  const path = new TextDecoder().decode(pathBytes);
  const last = path.split(/[\\/]/).findLast((part) => part !== '') ?? '';
  const name = last
    .slice(0, LONGEST)
    .toWellFormed()
    .replaceAll(UNSAFE, '_')
    .replace(/^[. ]+/, '_')
    .replace(/[. ]+$/, '_');
  return name === '' ? 'file' : name;
};

const percent = (name: string): string =>
  encodeURIComponent(name).replaceAll(/['()*!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** `Content-Disposition` of RFC 6266: to be saved, never shown; an ASCII name, and the real one where that differs. */
export const attachment = (name: string): string => {
  const ascii = name.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll(/["\\%]/g, '_');
  return `attachment; filename="${ascii}"${ascii === name ? '' : `; filename*=UTF-8''${percent(name)}`}`;
};
