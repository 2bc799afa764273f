import type { FastifyInstance } from 'fastify';
import { StartupError } from '../startup-error.js';

/** @throws StartupError when the address cannot be used */
export async function listenOn(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const problem = problemOf((cause as NodeJS.ErrnoException).code, host, port);
    throw problem === null ? cause : new StartupError(problem, { cause });
  }
}

function problemOf(code: string | undefined, host: string, port: number): string | null {
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is already in use. Set PORT to another port.`;
  if (code === 'EACCES') return `Port ${port} on ${host} needs more privileges. Set PORT to 1024 or more.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST ${host} is not an address of this machine.`;
  return null;
}
