import { loadEnvFile, readConfig, type Config } from '../config.js';
import { maskSecrets } from '../observability/logged-error.js';
import { StartupError } from '../startup-error.js';
import { invalidArguments, JSON_OPTION, parseOptions, type CommandHelp } from './command.js';
import { databaseChecks } from './doctor/database-checks.js';
import type { Check, Finding } from './doctor/finding.js';
import { localChecks } from './doctor/local-checks.js';
import { serviceChecks } from './doctor/service-checks.js';

export const DOCTOR_HELP = {
  name: 'doctor',
  about: 'Checks the configuration, the database and the other parts, and reports problems with their remedies.',
  options: { json: JSON_OPTION },
  details: `It changes nothing, and works while servers run. A problem ends it with status 1: the server cannot start or
can lose data. A warning does not.`,
  examples: ['doctor', 'doctor --json'],
} as const satisfies CommandHelp;

export async function doctor(words: readonly string[]): Promise<string> {
  const { values, positionals } = parseOptions(DOCTOR_HELP, words);
  if (positionals.length > 0) throw invalidArguments(DOCTOR_HELP, '');
  const findings = await examine();
  if (findings.some(({ level }) => level === 'problem')) process.exitCode = 1;
  return values.json ? JSON.stringify(findings) : formatFindings(findings);
}

async function examine(): Promise<Finding[]> {
  loadEnvFile();
  let config: Config;
  try {
    config = readConfig();
  } catch (cause) {
    if (!(cause instanceof StartupError)) throw cause;
    const [, ...problems] = cause.message.split('\n');
    const remedy = 'See docs/configuration.md. The other checks need a valid configuration.';
    return problems.map((message) => ({ subject: 'configuration', level: 'problem', message: message.trim(), remedy }));
  }
  const checks = [...localChecks(config), ...(await databaseChecks(config)), ...serviceChecks(config)];
  const found = await Promise.all(checks.map(runCheck));
  return [{ subject: 'configuration', level: 'ok', message: 'The configuration is valid.' }, ...found.flat()];
}

async function runCheck({ subject, run }: Check): Promise<Finding[]> {
  try {
    return (await run()).map((result) => ({ subject, ...result }));
  } catch (cause) {
    const { message, code } = cause as { readonly message?: string; readonly code?: string };
    const reason = message === undefined || message === '' ? String(code ?? cause) : message;
    return [
      { subject, level: 'problem', message: maskSecrets(reason), remedy: 'Check DATABASE_URL and the database.' },
    ];
  }
}

const MARKS: Readonly<Record<Finding['level'], string>> = { ok: 'ok', warning: 'WARNING', problem: 'PROBLEM' };

function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.map(({ subject, level, message, remedy }) => {
    const action = remedy === undefined ? '' : `\n${' '.repeat(width + 11)}${remedy}`;
    return `${MARKS[level].padEnd(7)}  ${subject.padEnd(width)}  ${message}${action}`;
  });
  const counted = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  return [...lines, '', `${counted('problem')} problems, ${counted('warning')} warnings.`].join('\n');
}
