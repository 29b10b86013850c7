import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AdminCommand } from './admin-options.js';
import type { AdminConfig } from './platform/config/env.js';
import { requireNode } from './platform/config/require-node.js';

/** The folder of the migrations, whether this runs from the sources or from dist. */
const migrationsFolder = (): string => {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const migrations = join(folder, 'prisma', 'migrations');
    if (existsSync(migrations)) return migrations;
    if (dirname(folder) === folder) throw new Error('prisma/migrations is in no folder above this program');
  }
};

const migrate = async (config: AdminConfig): Promise<object> => {
  const { applyMigrations } = await import('./platform/prisma/migrate.js');
  const applied = await applyMigrations({
    connectionString: config.DATABASE_MIGRATE_URL,
    migrationsDir: migrationsFolder(),
  });
  return { migrated: applied };
};

/** Commands that need the application; with `--check`, one that found something ends with 1. */
const inApplication = async (
  config: AdminConfig,
  command: Extract<AdminCommand, { name: 'provision' | 'rebuild' | 'recount' | 'audit-verify' }>,
): Promise<object> => {
  const { NestFactory } = await import('@nestjs/core');
  const { Logger } = await import('nestjs-pino');
  const { AdminModule } = await import('./admin.module.js');
  const app = await NestFactory.createApplicationContext(AdminModule.of(config), {
    logger: false, // a failure to start is one line, not a report
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  try {
    if (command.name === 'provision') {
      const { AuthService } = await import('./modules/auth/index.js');
      const made = await app.get(AuthService).provision({
        userName: command.user,
        grants: [{ role: command.role, scope: command.scope }],
        tokenName: command.tokenName,
        expiresAt: command.expires,
      });
      return { user_id: made.userId, token_id: made.tokenId, token: made.token };
    }
    if (command.name === 'audit-verify') {
      const { AuditVerifier } = await import('./modules/audit/index.js');
      const verified = await app.get(AuditVerifier, { strict: false }).verify();
      if (command.check && !verified.intact) process.exitCode = 1;
      return { verified };
    }
    const { RebuildService, RecountService } = await import('./modules/rebuild/index.js');
    if (command.name === 'rebuild') return { rebuilt: await app.get(RebuildService).rebuild() };
    const differences = await app.get(RecountService).recount({ mend: !command.check });
    if (command.check && differences.length > 0) process.exitCode = 1;
    return { differences };
  } finally {
    await app.close();
  }
};

/** Each command prints one line of JSON. */
const run = async (): Promise<object> => {
  const { parseAdminCommand } = await import('./admin-options.js');
  const command = parseAdminCommand(process.argv.slice(2));
  const { describeConfig, loadConfig } = await import('./platform/config/env.js');
  if (command.name === 'config-doc') return { config: describeConfig() };
  const config = loadConfig('admin', process.env);
  return command.name === 'migrate' ? migrate(config) : inApplication(config, command);
};

requireNode('rekall-admin');
run().then(
  (result) => process.stdout.write(`${JSON.stringify(result)}\n`),
  (error: unknown) => {
    process.stderr.write(`rekall-admin: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
