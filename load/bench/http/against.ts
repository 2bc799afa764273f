// The server of another commit of this repository.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

export interface OtherTree {
  /** The built tree. */
  readonly folder: string;
  /** The abbreviated commit. */
  readonly commit: string;
}

/** Clones the repository at a commit into a temporary folder, installs its packages and builds it. */
export async function buildCommit(
  tree: string,
  commit: string,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<OtherTree> {
  const run = promisify(execFile);
  const clone = path.join(folder, 'against');
  const git = (...args: string[]) => run('git', args, { signal });
  const { stdout } = await git('-C', tree, 'rev-parse', '--verify', '--short', `${commit}^{commit}`);
  await git('clone', '--quiet', '--no-checkout', tree, clone);
  await git('-C', clone, 'checkout', '--quiet', stdout.trim());
  await run(process.execPath, [path.join(clone, 'scripts/bootstrap.mjs')], { cwd: clone, signal });
  return { folder: clone, commit: stdout.trim() };
}
