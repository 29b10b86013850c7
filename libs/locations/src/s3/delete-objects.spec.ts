import { describe, expect, it } from 'vitest';
import { deleteRequestXml, fitsXml, parseDeleteErrors } from './delete-objects.js';

describe('DeleteObjects', () => {
  it('escapes keys so that none can become markup', () => {
    expect(deleteRequestXml(['a&b', '</Key><Key>x', '"\'', 'l\nm'])).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>' +
        '<Object><Key>a&#38;b</Key></Object><Object><Key>&#60;/Key&#62;&#60;Key&#62;x</Key></Object>' +
        '<Object><Key>&#34;&#39;</Key></Object><Object><Key>l&#10;m</Key></Object></Delete>',
    );
  });

  it('knows what XML cannot carry', () => {
    expect(['a', 'é😀', '\t'].map(fitsXml)).toEqual([true, true, true]);
    expect(['\x01', '\uFFFE', '\x00'].map(fitsXml)).toEqual([false, false, false]);
  });

  it('reads failures, leaves out what was not there, and takes an empty answer for success', async () => {
    expect(
      await parseDeleteErrors(
        '<DeleteResult><Error><Key>a&#38;b</Key><Code>AccessDenied</Code><Message>m</Message></Error>' +
          '<Error><Key>c</Key><Code>NoSuchKey</Code></Error></DeleteResult>',
      ),
    ).toEqual([{ key: 'a&b', code: 'AccessDenied' }]);
    expect(await parseDeleteErrors('<?xml version="1.0"?><DeleteResult xmlns="x"></DeleteResult>')).toEqual([]);
    expect(await parseDeleteErrors('<DeleteResult/>')).toEqual([]);
  });

  it('does not take another page for success', async () => {
    expect(await parseDeleteErrors('<html>ok</html>')).toEqual([{ key: '', code: 'not-a-delete-result' }]);
  });
});
