// Writes JSON schemas for kubeconform from the OpenAPI document of Kubernetes, which the Go module k8s.io/kubernetes has.
// Usage: node .ci/kubernetes-schemas.mjs OPENAPI_FILE FOLDER
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const [, , openApiFile, folder] = process.argv;
const REFERENCE = '#/definitions/';
const { definitions } = JSON.parse(readFileSync(openApiFile, 'utf8'));

/** Types whose OpenAPI schema is narrower than what the API server accepts. */
const WIDER = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['string', 'integer'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
};

mkdirSync(folder, { recursive: true });
for (const [name, { 'x-kubernetes-group-version-kind': kinds = [] }] of Object.entries(definitions)) {
  if (kinds.length !== 1) continue; // options of requests, which belong to every group
  const [{ group, version, kind }] = kinds;
  const file = [kind, ...(group === '' ? [] : [group.split('.')[0]]), version].join('-').toLowerCase();
  const used = Object.fromEntries([...usedBy(name)].map((each) => [each, WIDER[each] ?? strict(definitions[each])]));
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', $ref: REFERENCE + name, definitions: used };
  writeFileSync(path.join(folder, `${file}.json`), JSON.stringify(schema));
}

/** The names of a definition and of all that it refers to. */
function usedBy(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const [, next] of JSON.stringify(definitions[name]).matchAll(/"#\/definitions\/([^"]+)"/g)) usedBy(next, found);
  return found;
}

/** Rejects unknown fields, as `kubectl apply` does. */
function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  if (typeof schema.$ref === 'string') return { $ref: schema.$ref };
  const parts = Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, strict(part)]));
  return 'properties' in schema ? { ...parts, additionalProperties: false } : parts;
}
