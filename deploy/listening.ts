/** HTTP servers of a process: how one begins to listen, and how one ends. */
import type { Server } from 'node:http';
import { ConfigError } from './config.js';

/** Throws a ConfigError that names `what` was asked to be listened on, and why it cannot be. */
export function listenAt(server: Server, where: { readonly host: string; readonly port: number }, what: string) {
  return new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'its port is in use' : error.message;
      reject(new ConfigError(`${what} cannot be listened on: ${why}: give another one`));
    });
    server.listen({ ...where, exclusive: true }, resolve);
  });
}

/** Whoever is connected keeps nobody waiting. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
