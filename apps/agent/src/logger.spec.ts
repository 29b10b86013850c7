import { expect, it } from 'vitest';
import { redact } from './logger.js';

it('no log line holds the secret of public keys', () => {
  const secret = '0123456789abcdef0123456789abcdef';
  expect(redact(`cannot read https://s3/b/public/${secret}/jobs/x: public/${secret}/manifest`)).toBe(
    'cannot read https://s3/b/public/***/jobs/x: public/***/manifest',
  );
});
