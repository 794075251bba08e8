/** The version of this build, as package.json has it. */
import { readFileSync } from 'node:fs';

const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

export const version = String((manifest as { readonly version?: unknown }).version);

/** Of the cluster: what all its members can do. */
export const minorVersion = (of: string): string => `${of.split('.').slice(0, 2).join('.')}.0`;
