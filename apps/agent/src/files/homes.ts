import { readFileSync } from 'node:fs';
import { codeOf } from '../errors.js';

/** Shells of users that nobody logs in as. */
const NO_LOGIN = /\/(?:nologin|false|sync|shutdown|halt)$/;

/** Home directories of the people of this machine, from /etc/passwd. */
export const homeDirectories = (): string[] => {
  let text: string;
  try {
    text = readFileSync('/etc/passwd', 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  const homes = text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , , , , home = '', shell = '']) => home.startsWith('/') && home !== '/' && !NO_LOGIN.test(shell))
    .map(([, , , , , home = '']) => home);
  return [...new Set(homes)];
};
