import { PART_BYTES } from './large-file.js';

/** gzip makes bytes at most about 1,032 times smaller: what is said to come out of fewer is not true. */
const MAX_GZIP_RATIO = 1100;
const GZIP_SLACK = 4096;

/** A collection is 5 to 20 times larger than its gzip; far beyond that it is a bomb. */
export const MAX_COLLECTION_RATIO = 200;
/** Up to so many bytes of content no ratio is asked for: small empty tables pack well. */
export const COLLECTION_RATIO_FROM_BYTES = 16 * 1024 * 1024;

/** Whether so much content cannot come out of a gzip of this size. */
const isImpossibleGzip = (storedBytes: number, contentBytes: number): boolean =>
  contentBytes > storedBytes * MAX_GZIP_RATIO + GZIP_SLACK;

/** An `index.json` says more of each part of its file: two hashes and a key. */
const LEAST_BYTES_OF_A_PART = 200;

/** Whether so much content cannot be behind an object of this size: what it unpacks to, or the file whose index it is. */
export const isImpossibleContent = (key: string, storedBytes: number, contentBytes: number): boolean =>
  key.endsWith('/index.json')
    ? contentBytes > Math.floor(storedBytes / LEAST_BYTES_OF_A_PART) * PART_BYTES
    : isImpossibleGzip(storedBytes, contentBytes);

/** Whether a collection is one that nobody unpacks: what intake takes in, the reader opens. */
export const isCollectionBomb = (storedBytes: number, contentBytes: number): boolean =>
  contentBytes > COLLECTION_RATIO_FROM_BYTES && contentBytes > storedBytes * MAX_COLLECTION_RATIO;
