// Writes docs/configuration.md and .env.example from src/environment.ts, built. A test compares them with the code.
import { writeFileSync } from 'node:fs';
import { VARIABLES } from '../dist/environment.js';

const variables = Object.entries(VARIABLES);

const rows = variables.map(
  ([name, { fallback, bounds, about }]) =>
    `| \`${name}\` | ${fallback === '' ? '–' : `\`${fallback}\``} | ${bounds} | ${about} |`,
);
writeFileSync(
  'docs/configuration.md',
  `# Configuration

The server reads environment variables, and a \`.env\` file in the working folder. Variables of the environment take
precedence. [.env.example](../.env.example) lists all of them. An empty value selects the default. A server with invalid
values lists them and does not start.

Generated from \`src/environment.ts\` by \`npm run configuration\`.

| Variable | Default | Bounds | Meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`,
);

const entries = variables.map(
  ([name, { fallback, about }]) => `# ${about.replaceAll('`', '')}\n#${name}=${fallback}\n`,
);
writeFileSync(
  '.env.example',
  `# Copy this file to .env and uncomment the variables to change. Variables of the environment take precedence.\n\n${entries.join('\n')}`,
);
