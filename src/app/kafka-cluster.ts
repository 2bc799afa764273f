import { readFileSync } from 'node:fs';
import type { Config } from '../config.js';
import type { KafkaCluster } from '../kafka/connection.js';
import { StartupError } from '../startup-error.js';

/** How to connect to the configured cluster. @throws StartupError if the certificate authorities cannot be read */
export function kafkaClusterOf({ brokers, tls, sasl }: NonNullable<Config['kafka']>): KafkaCluster {
  if (tls === null) return { brokers, tls, sasl };
  return { brokers, tls: { ca: tls.caFile === null ? null : readCertificateAuthorities(tls.caFile) }, sasl };
}

function readCertificateAuthorities(file: string): string {
  const pem = readPem(file);
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new StartupError(`KAFKA_SSL_CA_FILE must be a PEM file with certificates; ${file} has none.`);
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new StartupError(`KAFKA_SSL_CA_FILE cannot be read: ${(cause as Error).message}`, { cause });
  }
}
