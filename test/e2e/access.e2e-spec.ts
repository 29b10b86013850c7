import { Controller, type DynamicModule, Get, Module } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpApp } from '../../apps/api/src/http-app.js';
import { HttpModule } from '../../apps/api/src/http.module.js';
import { Public } from '../../apps/api/src/platform/access/access.decorator.js';
import { AccessInventory } from '../../apps/api/src/platform/access/access-inventory.js';
import { ConfigError, loadConfig } from '../../apps/api/src/platform/config/env.js';
import { startTestApi, type TestApi } from '../support/api.js';

@Controller('forgotten')
class ForgottenController {
  @Get('door')
  door(): string {
    return 'open';
  }
}

@Controller('declared')
class DeclaredController {
  @Get()
  @Public('a test')
  door(): string {
    return 'open';
  }
}

@Module({})
class WithMore {
  static of(all: DynamicModule, controller: typeof ForgottenController | typeof DeclaredController): DynamicModule {
    return { module: WithMore, imports: [all], controllers: [controller] };
  }
}

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const environment = (): Record<string, string> => ({
  DATABASE_URL: api.database.url,
  S3_ENDPOINT: api.store.url,
  S3_BUCKET: 'evidence',
  S3_ACCESS_KEY: 'service-key',
  S3_SECRET_KEY: 'secret-of-the-service',
  REKALL_DEPLOYMENT: 'd'.repeat(32),
  REKALL_CURSOR_KEY: 'c'.repeat(64),
  REKALL_SESSION_KEY: '5'.repeat(64),
  LOG_LEVEL: 'silent',
});

describe('a handler without an access rule', () => {
  it('stops the start, naming it', async () => {
    const config = loadConfig('http', environment());
    const app = await createHttpApp(config, WithMore.of(HttpModule.of(config), ForgottenController));
    await expect(app.init()).rejects.toThrow(
      /refusing to start: no @Access or @Public on ForgottenController\.door \(GET \/forgotten\/door\)/,
    );
    await app.close();
  });

  it('while a declared one does not', async () => {
    const config = loadConfig('http', environment());
    const app = await createHttpApp(config, WithMore.of(HttpModule.of(config), DeclaredController));
    await app.init();
    await app.close();
  });
});

describe('every route', () => {
  /** Open to everybody, by hand: a route that is not here must refuse a call without credentials. */
  const OPEN = ['GET /health/live', 'GET /health/ready', 'POST /auth/login', 'POST /auth/logout', 'POST /auth/refresh'];

  it('refuses a call without credentials, but for the open ones', async () => {
    const rows = api.app.get(AccessInventory).rows();
    expect(rows.length).toBeGreaterThan(20);
    const open: string[] = [];
    for (const { method, path } of rows) {
      const url = `/api/v1${path
        .replace(/:client_id/, 'C.0000000000000000')
        .replace(/:hunt_id/, 'H_0000000000000000')
        .replace(/:flow_id/, 'F_0000000000000000')
        .replace(/:collection_id/, 'CL_0000000000000000')
        .replace(/:user_id/, 'U_0000000000000000')
        .replace(/:grant_id/, 'G_0000000000000000')
        .replace(/:token_id/, 'T_0000000000000000')
        .replace(/:label/, 'web')}`;
      const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
      const asked = api.anonymous[verb](url);
      const answer = await (method === 'GET' ? asked : asked.send({}));
      if (answer.status === 401) expect(answer.body).toMatchObject({ code: 'auth/invalid-token' });
      else open.push(`${method} ${path}`);
    }
    expect(open.sort()).toEqual(OPEN);
  });
});

describe('the HTTP role', () => {
  it.each(['REKALL_SIGNING_KEY_FILE', 'S3_UPLOAD_SECRET_KEY', 'REKALL_QUEUE_KEY_FILE'])(
    'does not start when it is given %s',
    (name) => {
      expect(() => loadConfig('http', { ...environment(), [name]: 'x' })).toThrow(
        new ConfigError(`the HTTP role must not hold ${name}: give them to the worker only`),
      );
    },
  );

  it('names every variable that is wrong, and no value', () => {
    const text = (() => {
      try {
        loadConfig('http', {
          ...environment(),
          DATABASE_URL: 'mysql://user:hunter2@host/x',
          S3_SECRET_KEY: '',
          HTTP_PORT: '99999',
        });
        return 'accepted';
      } catch (error) {
        return String(error);
      }
    })();
    expect(text).toMatch(/DATABASE_URL: expected postgresql/);
    expect(text).toMatch(/S3_SECRET_KEY: is not set/);
    expect(text).toMatch(/HTTP_PORT/);
    expect(text).not.toContain('hunter2');
  });
});
