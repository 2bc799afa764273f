import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isOnPath } from './programs.js';

const CACHE = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
/** Filled by .ci/run. */
const SCHEMAS = path.join(CACHE, 'ordergraph-kubernetes', '1.35.4');

export const HAS_KUBERNETES_TOOLS =
  (isOnPath('kustomize') || isOnPath('kubectl')) && isOnPath('kubeconform') && existsSync(SCHEMAS);

type Labels = Readonly<Record<string, string>>;

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

export interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly envFrom?: readonly Readonly<Partial<Record<'configMapRef' | 'secretRef', { readonly name: string }>>>[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly resources: unknown;
  readonly securityContext: unknown;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext: unknown;
  readonly topologySpreadConstraints?: readonly { readonly labelSelector: Selector }[];
  readonly containers: readonly Container[];
}

export interface Selector {
  readonly matchLabels?: Labels;
}

interface PolicyRule {
  readonly from?: readonly { readonly podSelector?: Selector; readonly namespaceSelector?: Selector }[];
  readonly ports: readonly { readonly port: number | string }[];
}

/** The fields of all kinds that the tests read. */
interface Spec {
  readonly selector?: Selector & Labels;
  readonly template?: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  readonly ports?: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[];
  readonly podSelector?: Selector;
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
  readonly replicas?: number;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
  readonly rules?: readonly {
    readonly host: string;
    readonly http: {
      readonly paths: readonly {
        readonly path: string;
        readonly backend: { readonly service: { readonly name: string; readonly port: { readonly name: string } } };
      }[];
    };
  }[];
}

/** An object of the rendered manifests. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Labels;
    readonly labels?: Labels;
  };
  readonly data?: Labels;
  readonly spec?: Spec;
}

/** Renders an overlay of deploy/k8s, with its examples as secrets. @returns YAML */
export function renderOverlay(overlay: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'ordergraph-k8s-'));
  try {
    cpSync('deploy', folder, { recursive: true });
    const target = path.join(folder, 'k8s', overlay);
    for (const file of readdirSync(target).filter((name) => name.endsWith('.example')))
      cpSync(path.join(target, file), path.join(target, path.basename(file, '.example')));
    const [program, command] = isOnPath('kustomize') ? ['kustomize', 'build'] : ['kubectl', 'kustomize'];
    return execFileSync(program, [command, target], { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function manifestsOf(yaml: string): readonly Manifest[] {
  return parseAllDocuments(yaml).map((document) => document.toJS() as Manifest);
}

/** Lists the manifests with unknown, missing or mistyped fields; empty if there are none. */
export function schemaErrorsOf(yaml: string): string {
  const location = path.join(SCHEMAS, '{{.ResourceKind}}{{.KindSuffix}}.json');
  const run = spawnSync('kubeconform', ['-strict', '-schema-location', location], { input: yaml, encoding: 'utf8' });
  return run.stdout + run.stderr;
}
