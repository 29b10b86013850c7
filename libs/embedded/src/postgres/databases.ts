import { Client } from 'pg';
import type { Credentials, DatabaseRole } from './credentials.js';
import { ROLE_NAMES } from './credentials.js';

/** The URLs of one database, as the API's environment names them. */
export interface DatabaseUrls {
  /** Owner: DATABASE_MIGRATE_URL. */
  migrateUrl: string;
  /** Application: DATABASE_URL. */
  url: string;
}

/** The URL of a database on the loopback port for a role. It holds a password: never log it. */
export function databaseUrl(port: number, credentials: Credentials, database: string, role: DatabaseRole): string {
  const url = new URL(`postgresql://127.0.0.1:${port}`);
  url.username = ROLE_NAMES[role];
  url.password = credentials.passwords[role];
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes the two login roles, or gives them the passwords of the credentials file again. */
export async function ensureRoles(adminUrl: string, credentials: Credentials): Promise<void> {
  await withClient(adminUrl, async (client) => {
    for (const role of ['owner', 'app'] as const) {
      const name = client.escapeIdentifier(ROLE_NAMES[role]);
      const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [ROLE_NAMES[role]]);
      const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER';
      await client.query(`${verb} ROLE ${name} LOGIN PASSWORD ${client.escapeLiteral(credentials.passwords[role])}`);
    }
  });
}

/** The statements that let the app role use what the owner role will create in this database; not owner rights. */
const APP_RIGHTS = [
  `GRANT USAGE ON SCHEMA public TO ${ROLE_NAMES.app}`,
  `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${ROLE_NAMES.app}`,
  `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO ${ROLE_NAMES.app}`,
  `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO ${ROLE_NAMES.app}`,
] as const;

/** Creates a database that the owner role owns; a copy of `template` with its rights, or an empty one with {@link APP_RIGHTS}. */
export async function createDatabase(
  url: (database: string, role: DatabaseRole) => string,
  name: string,
  template?: string,
): Promise<DatabaseUrls> {
  await withClient(url('postgres', 'admin'), async (client) => {
    const from = template === undefined ? '' : ` TEMPLATE ${client.escapeIdentifier(template)}`;
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} OWNER ${ROLE_NAMES.owner}${from}`);
  });
  const migrateUrl = url(name, 'owner');
  if (template === undefined) {
    await withClient(migrateUrl, async (client) => {
      for (const statement of APP_RIGHTS) await client.query(statement);
    });
  }
  return { migrateUrl, url: url(name, 'app') };
}

/** Whether a database of this name exists. */
export async function databaseExists(adminUrl: string, name: string): Promise<boolean> {
  const found = await withClient(adminUrl, (client) =>
    client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]),
  );
  return found.rowCount !== 0;
}

/** Drops the database, ending the connections to it. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await withClient(adminUrl, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
  );
}
