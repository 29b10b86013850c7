import { EfilterError } from '#efilter';

/** The error of this library that `run` throws; any other outcome is an error of the test. */
export function failure(run: () => unknown): EfilterError {
  try {
    run();
  } catch (error) {
    if (error instanceof EfilterError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown');
}
