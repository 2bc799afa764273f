// Prints the README's configuration table, or with --env the contents of .env.example, from the built config.
import { VARIABLES } from '../dist/environment.js';

const rows = Object.entries(VARIABLES);
if (process.argv[2] === '--env') {
  const entries = rows.map(([name, { fallback, about }]) => `# ${about.replaceAll('`', '')}\n#${name}=${fallback}\n`);
  process.stdout.write(
    `# Copy to .env and take the # from what you want to change. What is set already wins.\n\n${entries.join('\n')}`,
  );
} else {
  const lines = rows.map(
    ([name, { fallback, bounds, about }]) =>
      `| \`${name}\` | ${fallback === '' ? '–' : `\`${fallback}\``} | ${bounds} | ${about} |`,
  );
  process.stdout.write(`| Variable | Default | Bounds | Meaning |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`);
}
