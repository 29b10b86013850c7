import { FILE_FINDER_COLLECTION, type FileFinderAction } from '#wire';
import { fileTests } from '../files/conditions.js';
import { parseGlob } from '../files/glob.js';
import { walkGlobs } from '../files/glob-walk.js';
import { Problems } from '../files/problems.js';
import { problemRow } from '../files/stat-entry.js';
import type { ActionRunner } from './action.js';
import { takeFound } from './found-files.js';

/** Finds files by globs and conditions; then hashes or uploads them, where asked. */
export const fileFinder: ActionRunner<FileFinderAction> = async (action, { output, tell }) => {
  const globs = action.globs.flatMap(parseGlob);
  const tests = fileTests(action.conditions);
  const plan = { what: action.do, maxFileBytes: action.max_file_bytes };
  await output.collection(FILE_FINDER_COLLECTION, { query: action.globs.join('\n') }, async (rows) => {
    const problems = new Problems((problem) => rows.insert('problems', problemRow(problem)));
    await takeFound(walkGlobs(globs, problems), tests, plan, { output, rows, problems });
    const summary = problems.summary();
    if (summary !== undefined) tell({ kind: 'log', level: 'warn', message: summary });
  });
};
