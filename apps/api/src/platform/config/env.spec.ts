import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './env.js';

const HEX64 = 'a'.repeat(64);
const http = {
  DATABASE_URL: 'postgresql://u:p@127.0.0.1:5432/d',
  S3_ENDPOINT: 'http://127.0.0.1:9000',
  S3_BUCKET: 'evidence',
  S3_ACCESS_KEY: 'k',
  S3_SECRET_KEY: 's',
  REKALL_DEPLOYMENT: 'b'.repeat(32),
  REKALL_CURSOR_KEY: HEX64,
  REKALL_SESSION_KEY: HEX64,
};
const failure = (env: Record<string, string>): string => {
  try {
    loadConfig('http', env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'it fits';
};

describe('the environment', () => {
  it('of a deployment made by an older version lacks the session key: it is said how to add it, in one line', () => {
    expect(failure(http)).toBe('it fits');
    const { REKALL_SESSION_KEY: _lacking, ...older } = http;
    const said = failure(older);
    expect(said).toContain('REKALL_SESSION_KEY: is not set (a deployment made by an older version lacks it)');
    const line = /echo "([^"]+)" >> http\.env/.exec(said)?.[1] ?? '';
    expect(line).toBe('REKALL_SESSION_KEY=$(openssl rand -hex 32)');
    expect(said).not.toContain('\n');
  });

  it('says all that is wrong at once, names and no values', () => {
    const said = failure({ ...http, REKALL_CURSOR_KEY: 'secret-but-wrong', S3_BUCKET: '' });
    expect(said).toContain('REKALL_CURSOR_KEY: expected 64 hex digits');
    expect(said).toContain('S3_BUCKET: is not set');
    expect(said).not.toContain('secret-but-wrong');
  });
});
