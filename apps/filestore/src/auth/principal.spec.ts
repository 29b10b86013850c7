import { describe, expect, it } from 'vitest';
import { NO_BYTES, toBytes } from '../bytes.js';
import { DEFAULT_UPLOAD_PREFIXES } from '../config.js';
import { prefixMatcher, requireAccess, uploadPrincipal, type Action, type Principal } from './principal.js';

describe('prefixMatcher', () => {
  it.each<[string, string, string | undefined]>([
    ['tickets/', 'tickets/Startup/x', 'tickets/'],
    ['tickets/', 'tickets/', undefined],
    ['tickets/', 'Tickets/x', undefined],
    ['C.*/vfs/', 'C.0123/vfs/files/x', 'C.0123/vfs/'],
    ['C.*/vfs/', 'C./vfs/x', undefined],
    ['C.*/vfs/', 'C.a/b/vfs/x', undefined],
    ['C.*/vfs/', 'CX0123/vfs/x', undefined],
    ['C.*/vfs/', 'x/C.0123/vfs/x', undefined],
    ['C.*/vfs/', 'C.0123/vfs', undefined],
    ['hunts/*/vfs/', 'hunts/H_1/vfs/\n', 'hunts/H_1/vfs/'],
    ['hunts/*/vfs/', 'hunts/../public/x', undefined],
  ])('%s on %j', (pattern, key, expected) => {
    expect(prefixMatcher(pattern)(toBytes(key))).toBe(expected);
  });
});

describe('requireAccess', () => {
  const PUBLIC = toBytes('public/');
  const upload = uploadPrincipal(DEFAULT_UPLOAD_PREFIXES);
  const anonymous: Principal = { kind: 'anonymous' };
  const allowed = (principal: Principal, action: Action, key: string): boolean => {
    try {
      requireAccess(principal, action, key === '' ? NO_BYTES : toBytes(key), PUBLIC);
      return true;
    } catch {
      return false;
    }
  };

  it.each<[Principal, Action, string, boolean]>([
    [{ kind: 'service' }, 'delete', 'anything', true],
    [upload, 'write', 'tickets/Startup/C.1/x', true],
    [upload, 'write', 'C.1/vfs/x', true],
    [upload, 'write', 'public/s/manifest', false],
    [upload, 'write', 'flows/F_1/1.json', false],
    [upload, 'read', 'tickets/Startup/C.1/x', false],
    [upload, 'read', 'public/s/manifest', false],
    [upload, 'delete', 'tickets/Startup/C.1/x', false],
    [upload, 'bucket', '', false],
    [anonymous, 'read', 'public/s/manifest', true],
    [anonymous, 'read', 'publicity', false],
    [anonymous, 'read', 'tickets/x', false],
    [anonymous, 'write', 'public/x', false],
    [anonymous, 'delete', 'public/x', false],
    [anonymous, 'bucket', '', false],
  ])('%o %s %j: %s', (principal, action, key, expected) => {
    expect(allowed(principal, action, key)).toBe(expected);
  });
});
