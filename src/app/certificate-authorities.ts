import { readFileSync } from 'node:fs';
import { StartupError } from '../startup-error.js';

/** @throws StartupError if the file cannot be read, or is not PEM */
export function readCertificateAuthorities(file: string): string {
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
