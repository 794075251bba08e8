/** Hands out the built page as `quorate inspect` does, with a feed that the caller fills. */
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DrillAnswer, FeedMessage } from '../../deploy/inspector/page/model/feed.js';

export const pageFolder = fileURLToPath(new URL('../../deploy/inspector/page/', import.meta.url));

export interface PageServer {
  readonly url: string;
  /** To every page that listens, and kept for those that come later if `first`. */
  send(message: FeedMessage): void;
  readonly drills: readonly unknown[];
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'";

/** `first` is what a page is sent when it begins to listen. */
export async function servePage(
  first: () => readonly FeedMessage[],
  drill: (asked: unknown) => DrillAnswer,
  port = 0,
): Promise<PageServer> {
  const listeners = new Set<ServerResponse>();
  const drills: unknown[] = [];
  const write = (response: ServerResponse, message: FeedMessage): void =>
    void response.write(`data: ${JSON.stringify(message)}\n\n`);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (pathname === '/feed') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      for (const message of first()) write(response, message);
      listeners.add(response);
      response.on('close', () => listeners.delete(response));
    } else if (pathname === '/drill') {
      void bodyOf(request).then((body) => {
        const asked = JSON.parse(body) as unknown;
        drills.push(asked);
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(drill(asked)));
      });
    } else {
      handOut(pathname, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    send: (message) => listeners.forEach((response) => write(response, message)),
    drills,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function handOut(pathname: string, response: ServerResponse): void {
  const file = join(pageFolder, normalize(pathname === '/' ? '/index.html' : pathname));
  if (!file.startsWith(pageFolder) || !existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': policy,
  });
  createReadStream(file).pipe(response);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
