import { describe, expect, it } from 'vitest';
import { DomainError } from '../../../platform/errors/domain-error.js';
import { checkedQuery } from './launch-action.js';

describe('checkedQuery', () => {
  it('takes a query whose condition gives the argument, as agents run it', () => {
    expect(checkedQuery("select * from stat() where path == '/etc/hostname' and st_size > 0", '/query')).toEqual([
      'stat',
    ]);
    expect(checkedQuery("any stat() where path == '/etc/hostname'", '/condition')).toEqual(['stat']);
  });

  it('refuses one that leaves the argument out', () => {
    expect(() => checkedQuery('select * from stat() where st_size > 0', '/query')).toThrow(DomainError);
  });
});
