import { describe, expect, it } from 'vitest';
import { startChecksum } from './checksums.js';

/** Check values of the catalogue of CRC algorithms (reveng) and of FIPS 180, over "123456789". */
describe('checksums of "123456789"', () => {
  it.each([
    ['crc32', 'cbf43926'],
    ['crc32c', 'e3069283'],
    ['crc64nvme', 'ae8b14860a799888'],
    ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['sha256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ])('%s is %s, however it is cut', (algorithm, hex) => {
    for (const cut of [0, 1, 4, 9]) {
      const running = startChecksum(algorithm);
      running.update(Buffer.from('123456789'.slice(0, cut)));
      running.update(Buffer.from('123456789'.slice(cut)));
      expect(Buffer.from(running.digest(), 'base64').toString('hex')).toBe(hex);
    }
  });

  it('another one is not there', () => {
    expect(() => startChecksum('md4')).toThrow(/not implemented/);
  });
});
