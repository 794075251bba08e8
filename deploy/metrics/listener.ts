/** The HTTP servers of a node for whoever scrapes and probes it, on each of the URLs that it was given. */
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { closeServer, listenAt } from '../listening.js';

/** Nobody has a reason to take longer over a request without a body. */
const REQUEST_MAX_MS = 10_000;

export interface Listener {
  /** From now on requests are answered by this; before, that it starts. */
  answer(by: RequestListener): void;
  close(): Promise<void>;
}

/** Throws a ConfigError that names what cannot be listened on. */
export async function listen(urls: readonly string[]): Promise<Listener> {
  let answer: RequestListener = (_, response) => void response.writeHead(503).end('starting\n');
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer));
  };
  for (const url of urls) {
    const server = createServer({ requestTimeout: REQUEST_MAX_MS }, (request, response) => answer(request, response));
    try {
      await open(server, url);
      servers.push(server);
    } catch (error) {
      await close();
      throw error;
    }
  }
  return { answer: (by) => void (answer = by), close };
}

/** Whether all can be listened on; throws a ConfigError where one cannot. */
export async function checkListenable(urls: readonly string[]): Promise<void> {
  const listener = await listen(urls);
  await listener.close();
}

function open(server: Server, url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  // An IPv6 address stands in brackets in a URL, and nowhere else.
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return listenAt(server, { host, port: port === '' ? 80 : Number(port) }, `--listen-metrics-urls: ${url}`);
}
