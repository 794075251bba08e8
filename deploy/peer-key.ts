/** The secret by which members know each other's frames. */
import { hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Journal, NodeSettings } from '../actors/ports.js';
import { ConfigError } from './config.js';

const shortest = 16;

/** 32 bytes drawn from the file's content. Without a file there is no secret, and the journal says so. */
export function readPeerKey(file: string | undefined, settings: NodeSettings, journal: Journal): Uint8Array | null {
  if (file !== undefined) {
    return new Uint8Array(hkdfSync('sha256', readSecret(file), settings.cluster_name, 'quorate peer frames', 32));
  }
  if (settings.initial_members.length > 1) {
    journal.warn('peer frames are not authenticated: whoever may publish at NATS can speak as a member', {
      do: 'give every member the same --peer-key-file, for example from: openssl rand -hex 32 > peer.key',
    });
  }
  return null;
}

function readSecret(file: string): Uint8Array {
  let content: string;
  try {
    content = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`--peer-key-file: ${JSON.stringify(file)} cannot be read: ${(error as Error).message}`);
  }
  if (content.length >= shortest) return new TextEncoder().encode(content);
  throw new ConfigError(
    `--peer-key-file: ${file} holds ${content.length} characters: it takes at least ${shortest}, ` +
      'for example from: openssl rand -hex 32',
  );
}
