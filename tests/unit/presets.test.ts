import { readdirSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { VARIABLES } from '../../src/environment.js';
import type { Variable } from '../../src/variable-kinds.js';

const FOLDER = 'deploy/presets';
const textOf = (name: string) => readFileSync(`${FOLDER}/${name}.env`, 'utf8');
const PRESETS = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.env'))
  .map((file) => file.slice(0, -'.env'.length));

const known: Readonly<Record<string, Variable>> = VARIABLES;
/** What differs between installations. */
const INSTALLATION = {
  DATABASE_URL: 'postgresql://ordergraph@database.example/ordergraph',
  AUTH_JWKS_URL: 'https://login.example/keys',
  AUTH_ISSUER: 'https://login.example/',
  AUTH_AUDIENCE: 'orders',
};

test('there are presets for development, production and extreme load', () => {
  expect(PRESETS.toSorted()).toEqual(['development', 'extreme', 'production']);
});

describe.each(PRESETS)('the preset for %s', (name) => {
  const variables = Object.entries(parseEnv(textOf(name)) as Record<string, string>);

  test('sets known variables to other values than the defaults', () => {
    expect(variables).not.toEqual([]);
    for (const [variable, value] of variables) {
      expect(known).toHaveProperty(variable);
      expect(value).not.toBe(known[variable]?.fallback);
    }
  });

  test('has a comment above each variable or group of variables', () => {
    const paragraphs = textOf(name).trimEnd().split('\n\n');
    for (const paragraph of paragraphs) expect(paragraph).toMatch(/^# [^]*\.(\n[A-Z_]+=\S+)*$|^# Preset for /);
  });
});

const settingsOf = (...names: readonly string[]) => parseEnv(names.map(textOf).join('\n')) as Record<string, string>;

test('the preset for development is complete', () => {
  expect(readConfig(settingsOf('development')).fulfilment.kind).toBe('simulated');
});

test.each([[['production']], [['production', 'extreme']]])(
  '%j needs authentication and is complete with it',
  (names) => {
    expect(() => readConfig(settingsOf(...names))).toThrow(/AUTH_JWT_SECRET or AUTH_JWKS_URL/);
    expect(readConfig({ ...settingsOf(...names), ...INSTALLATION })).toMatchObject({
      auth: { kind: 'jwks' },
      introspection: false,
      playground: false,
      database: { migrate: false },
    });
  },
);
