/** How the examples connect: to `npm start`, or to where QUORATE_SERVERS and QUORATE_CLUSTER_NAME say. */
import { type Client, connect } from '../client/index.js';

export const connectToCluster = (): Promise<Client> =>
  connect({
    servers: process.env['QUORATE_SERVERS']?.split(','),
    clusterName: process.env['QUORATE_CLUSTER_NAME'],
  });

/** Aborts at Ctrl-C and SIGTERM. */
export function untilStopped(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

export const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

export const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
