import { nodeVersionProblem } from './node-version.js';

// No other import before the check: older versions of Node.js fail on newer syntax.
const problem = nodeVersionProblem();
if (problem === null) {
  const { runServer } = await import('./server-process.js');
  process.exit(await runServer());
}
process.stderr.write(`${problem}\n`);
process.exit(1);
