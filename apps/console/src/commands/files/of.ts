import { flowId, huntId } from '../ids.js';

/** Whose files a command is about. */
export interface FilesOf {
  kind: 'flow' | 'hunt';
  id: (text: string) => string;
  example: string;
}

export const OF_FLOW: FilesOf = { kind: 'flow', id: flowId, example: 'F_0123456789abcdef' };
export const OF_HUNT: FilesOf = { kind: 'hunt', id: huntId, example: 'H_0123456789abcdef' };
