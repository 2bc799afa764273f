import { nodeVersionProblem } from './node-version.js';

// Nothing else is imported before the check: an older Node.js fails on what it does not know.
const problem = nodeVersionProblem();
if (problem === null) {
  const { runServer } = await import('./server-process.js');
  process.exit(await runServer());
}
process.stderr.write(`${problem}\n`);
process.exit(1);
