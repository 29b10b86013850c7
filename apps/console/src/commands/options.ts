import { InvalidArgumentError } from 'commander';

/** Where a deployment is unless `--dir` says so. */
export const DEFAULT_DIR = '.rekall';

/** A whole number in a range, or a refusal that says the range. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${String(least)} to ${String(most)}.`);
  };

/** One more value of an option that may be given several times. */
export const collected = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** An http(s) URL without a slash at its end. */
export const httpUrl = (text: string): string => {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new InvalidArgumentError('It must be a URL that begins with http:// or https://.');
};

/** A Postgres URL. */
export const postgresUrl = (text: string): string => {
  if (URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('It must be postgresql://user:password@host:port/database.');
};
