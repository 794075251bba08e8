/**
 * The inspector's web server: the page, the feed as Server-Sent Events, and the drills. It answers its own host name
 * only, so that no page of somebody else's can speak to it through a browser.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { DRILLS, type Drill } from '../../machines/language/inspection.js';
import { errorText } from '../observe.js';
import { closeServer, listenAt } from '../listening.js';
import type { DrillAnswer, FeedMessage } from './feed.js';
import type { Relay } from './relay.js';

export interface PageServer {
  /** Begins to answer; what is asked before waits. */
  open(relay: Relay): void;
  /** To every page that is open. */
  tell(told: FeedMessage): void;
  readonly url: string;
  close(): Promise<void>;
}

export interface PageServerOptions {
  readonly host: string;
  readonly port: number;
  /** Where the built page lies. */
  readonly directory: string;
  /** Pages of others that may stand in ours, such as the Stately inspector. */
  readonly framed: readonly string[];
}

/** A page that takes more time than this much of what it was not yet sent is told how much it missed. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;
const BODY_BYTES_MAX = 4096;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

interface Page {
  readonly response: ServerResponse;
  skipped: number;
}

export async function servePage(options: PageServerOptions): Promise<PageServer> {
  const pages = new Set<Page>();
  let open: (relay: Relay) => void = () => undefined;
  const opened = new Promise<Relay>((resolve) => (open = resolve));
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) respond(response, 500, { ok: false, error: errorText(error) });
      else response.destroy();
    });
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isOwnHost(request, options.host)) return respond(response, 403, { ok: false, error: 'not this host' });
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path === '/drill') return orderDrill(await opened, request, response);
    if (request.method !== 'GET') return respond(response, 405, { ok: false, error: 'only GET' });
    if (path === '/feed') return openFeed(await opened, pages, response);
    return sendFile(options, path, response);
  };
  await listenAt(server, options, `--port: ${options.port} on ${options.host}`);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    open,
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    tell: (told) => {
      const line = lineOf(told);
      for (const page of pages) tellPage(page, told.kind, line);
    },
    close: () => {
      for (const { response } of pages) response.end();
      return closeServer(server);
    },
  };
}

/** The name that was dialled is an address, this machine, or the host that the server was told to be. */
function isOwnHost({ headers }: IncomingMessage, host: string): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '');
  return name === host || name === 'localhost' || /^[\d.]+$|^\[[\da-f:]+\]$/i.test(name);
}

function respond(response: ServerResponse, status: number, body: DrillAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/* ---- the feed -------------------------------------------------------------------------------------------------- */

function openFeed(relay: Relay, pages: Set<Page>, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const page: Page = { response, skipped: 0 };
  pages.add(page);
  if (pages.size === 1) relay.watched(true);
  response.on('close', () => {
    pages.delete(page);
    if (pages.size === 0) relay.watched(false);
  });
  for (const told of relay.known()) tellPage(page, told.kind, lineOf(told));
}

const lineOf = (told: FeedMessage): string => `data: ${JSON.stringify(told)}\n\n`;

function tellPage(page: Page, kind: FeedMessage['kind'], line: string): void {
  const { response } = page;
  if (kind === 'frame' && response.writableLength > WAITING_BYTES_MAX) {
    page.skipped += 1;
    return;
  }
  if (page.skipped > 0) response.write(lineOf({ kind: 'skipped', frames: page.skipped }));
  page.skipped = 0;
  response.write(line);
}

/* ---- drills ---------------------------------------------------------------------------------------------------- */

async function orderDrill(relay: Relay, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A header of its own: a form on somebody else's page cannot set it.
  if (request.method !== 'POST' || request.headers['x-quorate-inspect'] !== '1') {
    return respond(response, 403, { ok: false, error: 'a drill is ordered by POST from the inspector’s own page' });
  }
  const { member, drill, for_ms } = (await readJson(request)) as Record<string, unknown>;
  if (typeof member !== 'string' || !isDrill(drill)) {
    const error = `member must be a name and drill one of ${DRILLS.join(', ')}`;
    return respond(response, 400, { ok: false, error });
  }
  try {
    const said = await relay.drill(member, drill, typeof for_ms === 'number' ? for_ms : 0);
    respond(response, 200, { ok: true, said });
  } catch (error) {
    respond(response, 200, { ok: false, error: errorText(error) });
  }
}

const isDrill = (name: unknown): name is Drill => DRILLS.some((drill) => drill === name);

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`more than ${BODY_BYTES_MAX} bytes given`);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString());
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

async function sendFile(
  { directory, framed }: PageServerOptions,
  path: string,
  response: ServerResponse,
): Promise<void> {
  const name = normalize(path === '/' ? '/index.html' : decodeURIComponent(path));
  const type = types[extname(name)];
  const file = type === undefined ? undefined : await readFile(join(directory, name)).catch(() => undefined);
  if (type === undefined || file === undefined) return respond(response, 404, { ok: false, error: 'no such file' });
  response.writeHead(200, {
    'content-type': type,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'content-security-policy':
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; " +
      `base-uri 'none'; frame-ancestors 'none'; frame-src ${framed.join(' ') || "'none'"}`,
  });
  response.end(file);
}
