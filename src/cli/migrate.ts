import { migrateDatabase } from './migrate-database.js';
import { runCommand } from './run-command.js';

await runCommand(async () => migrateDatabase(process.argv.slice(2)));
