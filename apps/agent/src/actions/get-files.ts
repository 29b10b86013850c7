import { lstatSync } from 'node:fs';
import { GET_FILES_COLLECTION, type GetFilesAction } from '#wire';
import type { Hit } from '../files/glob-walk.js';
import { Problems } from '../files/problems.js';
import { splitRaw } from '../files/raw-path.js';
import { problemRow } from '../files/stat-entry.js';
import type { ActionRunner } from './action.js';
import { takeFound } from './found-files.js';

function* named(paths: readonly string[], problems: Problems): Generator<Hit> {
  for (const path of new Set(paths)) {
    if (!path.startsWith('/')) {
      problems.note(path, 'not an absolute path');
      continue;
    }
    try {
      const stats = lstatSync(path);
      if (!stats.isFile())
        problems.note(path, stats.isSymbolicLink() ? 'a symbolic link, not followed' : 'not a regular file');
      yield { ...splitRaw(path), path, stats };
    } catch (error) {
      problems.failed(path, error);
    }
  }
}

/** Uploads files that are named one by one. */
export const getFiles: ActionRunner<GetFilesAction> = async (action, { output, tell }) => {
  const plan = { what: 'upload', maxFileBytes: action.max_file_bytes } as const;
  await output.collection(GET_FILES_COLLECTION, { query: action.paths.join('\n') }, async (rows) => {
    const problems = new Problems((problem) => rows.insert('problems', problemRow(problem)));
    await takeFound(named(action.paths, problems), { stat: () => true }, plan, { output, rows, problems });
    const summary = problems.summary();
    if (summary !== undefined) tell({ kind: 'log', level: 'warn', message: summary });
  });
};
