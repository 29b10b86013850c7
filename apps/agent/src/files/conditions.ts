import type { Stats } from 'node:fs';
import type { FileCondition } from '#wire';
import { literalNeedle, type Needle, regexNeedle, search } from './content-search.js';
import type { OpenFile } from './open-regular.js';

/** The conditions of a FileFinder, ready for use: what a stat tells first, contents last. */
export interface FileTests {
  stat: (stats: Stats) => boolean;
  /** Absent when no content is asked for. */
  content?: (file: OpenFile) => boolean;
}

const within = (value: number, { min, max }: { min?: number | undefined; max?: number | undefined }): boolean =>
  (min === undefined || value >= min) && (max === undefined || value <= max);

const statTest = (condition: FileCondition): ((stats: Stats) => boolean) | undefined => {
  switch (condition.__type__) {
    case 'Size':
      return (stats) => within(stats.size, condition);
    case 'ModificationTime':
      return (stats) => within(stats.mtimeMs / 1000, condition);
    case 'AccessTime':
      return (stats) => within(stats.atimeMs / 1000, condition);
    case 'InodeChangeTime':
      return (stats) => within(stats.ctimeMs / 1000, condition);
    case 'Owner':
      return (stats) =>
        (condition.uid === undefined || stats.uid === condition.uid) &&
        (condition.gid === undefined || stats.gid === condition.gid);
    case 'Mode':
      return (stats) => (stats.mode & condition.mask) === condition.value;
    case 'ContentsLiteral':
    case 'ContentsRegex':
      return undefined;
  }
};

const needleOf = (condition: FileCondition): { needle: Needle; firstBytes: number | undefined } | undefined => {
  switch (condition.__type__) {
    case 'ContentsLiteral':
      return { needle: literalNeedle(Buffer.from(condition.literal, 'base64')), firstBytes: condition.first_bytes };
    case 'ContentsRegex':
      return { needle: regexNeedle(condition.regex), firstBytes: condition.first_bytes };
    default:
      return undefined;
  }
};

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

/** Makes tests of conditions; all of them must hold. Throws SearchError for a content that cannot be searched. */
export const fileTests = (conditions: readonly FileCondition[]): FileTests => {
  const stats = conditions.map(statTest).filter(isThere);
  const needles = conditions.map(needleOf).filter(isThere);
  const stat = (found: Stats): boolean => stats.every((test) => test(found));
  if (needles.length === 0) return { stat };
  return {
    stat: (found) => found.isFile() && stat(found),
    content: (file) => needles.every(({ needle, firstBytes }) => search(file, needle, firstBytes).next().done !== true),
  };
};
