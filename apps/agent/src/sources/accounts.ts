import { readFileSync } from 'node:fs';
import os from 'node:os';
import { linesOf, unlessGone } from './read.js';

/** The users of this machine, from /etc/passwd. */
export function* users(): Generator<object> {
  for (const line of linesOf('/etc/passwd')) {
    const [username, , uid = '', gid = '', gecos, home, shell] = line.split(':');
    if (uid === '' || line.startsWith('#')) continue;
    yield { username, uid: Number(uid), gid: Number(gid), gecos, home, shell };
  }
}

/** Sizes of glibc's `struct utmp` where times are 32 bits: the format of the files on all common Linux machines. */
const RECORD = 384;
const TYPES = [
  'empty',
  'run_level',
  'boot_time',
  'new_time',
  'old_time',
  'init',
  'login',
  'user',
  'dead',
  'accounting',
];
const FILES = ['/run/utmp', '/var/log/wtmp', '/var/log/btmp'] as const;

const text = (record: Buffer, from: number, length: number): string => {
  const bytes = record.subarray(from, from + length);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? length : end);
};

const address = (record: Buffer): string | null => {
  const bytes = record.subarray(348, 364);
  if (bytes.every((byte) => byte === 0)) return null;
  if (bytes.subarray(4).every((byte) => byte === 0)) return [...bytes.subarray(0, 4)].join('.');
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(':');
};

/** The records of one file of logins: who came when from where. Cut records at its end are left out. */
export function* loginRecords(file: string, bytes: Buffer): Generator<object> {
  const little = os.endianness() === 'LE';
  const int16 = (r: Buffer, at: number): number => (little ? r.readInt16LE(at) : r.readInt16BE(at));
  const int32 = (r: Buffer, at: number): number => (little ? r.readInt32LE(at) : r.readInt32BE(at));
  for (let at = 0; at + RECORD <= bytes.length; at += RECORD) {
    const record = bytes.subarray(at, at + RECORD);
    const type = int16(record, 0);
    yield {
      file,
      type: TYPES[type] ?? String(type),
      username: text(record, 44, 32),
      line: text(record, 8, 32),
      host: text(record, 76, 256),
      address: address(record),
      pid: int32(record, 4),
      time: (int32(record, 340) >>> 0) + int32(record, 344) / 1e6,
    };
  }
}

/** Logins now (utmp), in the past (wtmp) and failed (btmp), as far as those files are there and may be seen. */
export function* logins(): Generator<object> {
  for (const file of FILES) {
    const bytes = unlessGone(() => readFileSync(file));
    if (bytes !== undefined) yield* loginRecords(file, bytes);
  }
}
