import { execFileSync } from 'node:child_process';

export interface ComposeService {
  readonly image: string;
  readonly build?: unknown;
  readonly command?: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly profiles?: readonly string[];
  readonly ports?: readonly { readonly host_ip?: string; readonly published: string; readonly target: number }[];
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly target: string }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly networks?: Readonly<Record<string, { readonly aliases?: readonly string[] } | null>>;
  readonly healthcheck?: { readonly disable?: boolean };
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
}

export interface ComposeModel {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** The reference implementation of the Compose Specification. */
const COMPOSE = 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2';

/**
 * Reads a compose file with all profiles, as `docker compose config` does.
 *
 * @throws if it is not valid by the schema of the specification
 */
export function readComposeFile(file: string): ComposeModel {
  const text = execFileSync('go', ['run', COMPOSE, '-format', 'json', file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, COMPOSE_PROFILES: '*' },
  });
  return JSON.parse(text) as ComposeModel;
}
