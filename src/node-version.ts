const OLDEST_NODE = 24;

/** Why this version of Node.js cannot run the server, or null if it can. Must itself run on older versions. */
export function nodeVersionProblem(version = process.versions.node): string | null {
  const [major] = version.split('.');
  return Number(major) >= OLDEST_NODE
    ? null
    : `Ordergraph runs on Node.js ${OLDEST_NODE} or newer; this is ${version}. "npm start" and the other npm scripts bring their own.`;
}
