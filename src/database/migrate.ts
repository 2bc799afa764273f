import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import type * as Engine from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { MigrationList, SchemaEngine, SchemaFilter } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { maskSecrets } from '../observability/logged-error.js';
import { StartupError } from '../startup-error.js';
import type { Queryable } from './database.js';
import { MIGRATION_LOCK_TIMEOUT_MS, runScript } from './migration-script.js';
import { Client, Pool, type FieldDef, type QueryConfig, type QueryResult } from 'pg';

/** Where the schema and its migrations are: `prisma/` beside `src/` or `dist/`. */
export const PRISMA_FOLDER = path.resolve(import.meta.dirname, '../../prisma');

const MIGRATIONS = path.join(PRISMA_FOLDER, 'migrations');

/** Any number nobody else would lock; every migrating process takes the same one. */
const MIGRATION_LOCK = 7_204_119_815;

const NO_FILTER: SchemaFilter = { externalTables: [], externalEnums: [] };

/**
 * Applies what is missing, by real Prisma Migrate. Processes that start together take turns; each script is one
 * transaction or repeatable, so one that was killed half way is simply applied again.
 *
 * @param url a direct connection to the database, not one through a transaction pooler
 * @returns the names of the migrations that were applied now
 */
export async function migrate(url: string): Promise<readonly string[]> {
  return withLock(url, () =>
    withEngine(url, async (engine) => {
      const migrationsList = await readMigrations();
      const { failedMigrationNames } = await engine.diagnoseMigrationHistory({
        migrationsList,
        optInToShadowDatabase: false,
        filters: NO_FILTER,
      });
      for (const migrationName of failedMigrationNames) await engine.markMigrationRolledBack({ migrationName });
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: NO_FILTER });
      return appliedMigrationNames;
    }),
  );
}

/** What to tell the person who named a database that does not answer, or not as it should. */
export function cannotUse(url: string, cause: unknown): StartupError {
  if (cause instanceof StartupError) return cause;
  const { code, message } = cause as { code?: unknown; message?: unknown };
  const reason = typeof message === 'string' && message !== '' ? message : String(code ?? cause);
  return new StartupError(`The database at ${new URL(url).host} cannot be used: ${maskSecrets(reason)}`, { cause });
}

/** The oldest PostgreSQL that is supported, as `server_version_num` has it. */
const OLDEST_VERSION = 150_000;

/** @throws StartupError where the server is too old */
export async function checkVersion(url: string): Promise<void> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ number: number; text: string }>(
      "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS text",
    ),
  );
  const [version] = rows;
  if (version !== undefined && version.number >= OLDEST_VERSION) return;
  throw new StartupError(`Ordergraph needs PostgreSQL 15 or newer; DATABASE_URL names version ${version?.text}.`);
}

/** The names of the migrations that the database lacks. Reads only, so it may go through a pooler. */
export async function pendingMigrations(url: string): Promise<readonly string[]> {
  return withClient(url, async (client) => {
    try {
      const { rows } = await client.query<AppliedRow>(READ_APPLIED);
      return missingOf(await migrationNames(), rows);
    } catch (cause) {
      const isMissingTable = cause instanceof Error && 'code' in cause && cause.code === '42P01';
      if (isMissingTable) return migrationNames();
      throw cause;
    }
  });
}

/** The same over a connection that there is, for a database that was migrated once. */
export async function missingMigrations(db: Queryable): Promise<readonly string[]> {
  return missingOf(await migrationNames(), await db.$queryRawUnsafe<AppliedRow[]>(READ_APPLIED));
}

interface AppliedRow {
  readonly migration_name: string;
}

const READ_APPLIED =
  'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL';

function missingOf(wanted: readonly string[], rows: readonly AppliedRow[]): readonly string[] {
  const applied = new Set(rows.map((row) => row.migration_name));
  return wanted.filter((name) => !applied.has(name));
}

/** Runs work on a connection of its own. */
async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // the query under way fails with it; without a listener the process would end
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * The SQL that takes the migrations to `schema.prisma`; empty where they agree.
 *
 * @param url a server on which a shadow database may be created and dropped
 */
export async function schemaDifference(url: string): Promise<string> {
  return withEngine(url, async (engine) => {
    const content = await readFile(path.join(PRISMA_FOLDER, 'schema.prisma'), 'utf8');
    const { stdout } = await engine.diff({
      from: { tag: 'migrations', ...(await readMigrations()) },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] },
      script: true,
      exitCode: null,
      filters: NO_FILTER,
    });
    return stdout?.startsWith('-- This is an empty migration') === true ? '' : (stdout ?? '');
  });
}

async function migrationNames(): Promise<string[]> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function readMigrations(): Promise<MigrationList> {
  const names = await migrationNames();
  const migrationDirectories = await Promise.all(
    names.map(async (name) => {
      const value = await readFile(path.join(MIGRATIONS, name, 'migration.sql'), 'utf8');
      return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } } };
    }),
  );
  const lockfile = { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' };
  return { baseDir: MIGRATIONS, lockfile, shadowDbInitScript: '', migrationDirectories };
}

const LOCK_PATIENCE_MS = 60_000;

async function withLock<T>(url: string, work: () => Promise<T>): Promise<T> {
  return withClient(url, async (client) => {
    const until = performance.now() + LOCK_PATIENCE_MS;
    for (;;) {
      const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
        MIGRATION_LOCK,
      ]);
      if (rows[0]?.taken === true) return work(); // the lock ends with the session
      if (performance.now() > until)
        throw new StartupError('Another process has been migrating the database for a minute. See what it waits for.');
      await sleep(200);
    }
  });
}

async function withEngine<T>(url: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const { SchemaEngine } = await loadEngine();
  const factory = new TransactionalPg(url);
  const engine = await SchemaEngine.new(
    { datamodels: undefined },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(factory),
  );
  try {
    return await work(engine);
  } catch (cause) {
    throw factory.failure ?? cause; // the engine only says that something external failed
  } finally {
    engine.free();
    await factory.dispose();
  }
}

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;

/**
 * Put behind each script, in its transaction: a process killed right after the commit would otherwise leave a migration
 * that is applied but not marked so. Under the lock at most one is unfinished.
 */
const MARK_FINISHED = `
UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1
WHERE finished_at IS NULL AND rolled_back_at IS NULL`;

/**
 * The stock adapter cuts a script at every semicolon; sent whole, PostgreSQL runs it as one transaction. Its shadow
 * database is the main one wherever a connection string is used; here it is a new one that is dropped afterwards.
 */
class TransactionalPg extends PrismaPg {
  readonly #url: string;
  readonly #cleanups: (() => Promise<void>)[] = [];
  /** What PostgreSQL said when it rejected a script. */
  failure: Error | null = null;

  constructor(url: string) {
    super(url);
    this.#url = url;
  }

  override async connect(): Promise<Adapter> {
    return this.#open(this.#url, MARK_FINISHED);
  }

  override async connectToShadowDb(): Promise<Adapter> {
    const name = `ordergraph_shadow_${randomUUID().replaceAll('-', '')}`;
    const owner = await this.#open(this.#url);
    await owner.executeScript(`CREATE DATABASE ${name}`);
    this.#cleanups.push(() => owner.executeScript(`DROP DATABASE ${name} WITH (FORCE)`));
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    return this.#open(url.href);
  }

  async #open(url: string, epilogue = ''): Promise<Adapter> {
    const pool = new Pool({
      connectionString: url,
      max: 1,
      connectionTimeoutMillis: 5_000,
      lock_timeout: MIGRATION_LOCK_TIMEOUT_MS,
    });
    pool.on('error', () => undefined); // the shadow database is dropped while its last connection closes
    const adapter = await new PrismaPg(pool).connect();
    const query = pool.query.bind(pool);
    adapter.executeScript = async (script) => {
      try {
        await runScript((sql) => query(sql), script, epilogue);
      } catch (cause) {
        this.failure ??= new Error(`A migration script was rejected: ${String(cause)}`, { cause });
        throw cause;
      }
    };
    readCharColumns(pool, adapter);
    this.#cleanups.push(() => pool.end());
    return adapter;
  }

  /** Closes what was opened, last first. */
  async dispose(): Promise<void> {
    for (const cleanup of this.#cleanups.toReversed()) await cleanup();
  }
}

const CHAR_OID = 18;
const TEXT_OID = 25;

/** The stock adapter does not know the type "char", of which the catalogue that the engine reads is full. */
function readCharColumns(pool: Pool, adapter: Adapter): void {
  let fields: FieldDef[] = [];
  const query = pool.query.bind(pool) as (config: QueryConfig) => Promise<QueryResult>;
  pool.query = (async (config: QueryConfig) => {
    const result = await query(config);
    fields = result.fields.map((field) => ({ ...field }));
    for (const field of result.fields) if (field.dataTypeID === CHAR_OID) field.dataTypeID = TEXT_OID;
    return result;
  }) as never;
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (sql) => {
    const result = await queryRaw(sql); // one at a time, so `fields` are this query's
    const columnTypes = result.columnTypes.map((type, index) =>
      fields[index]?.dataTypeID === CHAR_OID ? ColumnTypeEnum.Character : type,
    );
    return { ...result, columnTypes };
  };
}

type EngineModule = typeof Engine;

/** Only what is used here; Node's types leave WebAssembly to the browser's. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Readonly<Record<string, unknown>> } }>;
};

const ENGINE = '@prisma/schema-engine-wasm/schema_engine_bg';

let loaded: Promise<EngineModule> | null = null;

/** Loads the engine once: its bindings belong to the one instance that was set last. */
function loadEngine(): Promise<EngineModule> {
  loaded ??= instantiateEngine();
  return loaded;
}

/** The engine is a WebAssembly module in a package, so nothing is downloaded. */
async function instantiateEngine(): Promise<EngineModule> {
  const require = createRequire(import.meta.url);
  const bindings = (await import(ENGINE)) as EngineModule & { __wbg_set_wasm(exports: unknown): void };
  const bytes = await readFile(path.join(path.dirname(require.resolve(ENGINE)), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return bindings;
}
