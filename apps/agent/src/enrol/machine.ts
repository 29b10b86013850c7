import { readFile } from 'node:fs/promises';
import { sha256Hex } from '#wire';
import { codeOf } from '../errors.js';

const MACHINE_ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/** SHA-256 of the machine id: tells a copy from the original without naming the machine. Undefined where there is none. */
export const machineDigest = async (): Promise<string | undefined> => {
  for (const file of MACHINE_ID_FILES) {
    try {
      const id = (await readFile(file, 'utf8')).trim();
      if (id !== '') return sha256Hex(id);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
};
