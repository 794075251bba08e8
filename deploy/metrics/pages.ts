/** The pages that a node has for whoever scrapes and probes: /metrics, /health, /livez, /readyz and /version. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { minorVersion } from '../version.js';
import type { Exposition } from './exposition.js';
import type { Asked, Health, HealthKind } from './health.js';

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const plainText = 'text/plain; charset=utf-8';

/** As Go's servers say it. */
const failed = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): Page => ({
  status,
  type: plainText,
  body: `${text}\n`,
  headers: { 'X-Content-Type-Options': 'nosniff', ...headers },
});

const notFound = failed(404, '404 page not found');

export interface Pages {
  readonly node: Asked;
  readonly version: string;
  readonly storageVersion: string;
  readonly health: Health;
  readonly exposition: Exposition;
}

/** Answers one request, whatever it is. */
export async function answerPage(pages: Pages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A body means nothing here.
  request.resume();
  const { status, type, body, headers } = await pageOf(pages, request.method ?? '', request.url ?? '').catch(
    (error: unknown) => failed(500, error instanceof Error ? error.message : String(error)),
  );
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

async function pageOf(pages: Pages, method: string, url: string): Promise<Page> {
  if (!URL.canParse(url, 'http://node')) return notFound;
  const { pathname, searchParams } = new URL(url, 'http://node');
  const [, first = '', second, ...rest] = pathname.split('/');
  const isCheck = first === 'livez' || first === 'readyz';
  const known = ['metrics', 'health', 'version'].includes(first) || isCheck;
  if (!known || rest.length > 0 || (second !== undefined && !isCheck)) return notFound;
  if (isCheck && second !== undefined && !pages.health.names(first).includes(second)) return notFound;
  if (method !== 'GET') return failed(405, 'Method Not Allowed', { Allow: 'GET' });
  switch (first) {
    case 'metrics':
      return { status: 200, type: pages.exposition.contentType, body: await pages.exposition.text() };
    case 'health':
      return healthPage(pages.health, searchParams);
    case 'version':
      return versionPage(pages);
    default:
      return checkPage(pages.health, first as HealthKind, second, searchParams);
  }
}

async function healthPage(health: Health, parameters: URLSearchParams): Promise<Page> {
  const excluded = new Set(parameters.getAll('exclude'));
  const report = await health.overall(excluded, parameters.get('serializable') === 'true');
  const body = JSON.stringify(report);
  return report.health === 'true' ? { status: 200, type: plainText, body } : failed(503, body);
}

/** Details where something is wrong, or where they are asked for. */
async function checkPage(
  health: Health,
  kind: HealthKind,
  only: string | undefined,
  parameters: URLSearchParams,
): Promise<Page> {
  const excluded = parameters.getAll('exclude');
  const names = only === undefined ? health.names(kind).filter((name) => !excluded.includes(name)) : [only];
  const { ok, text } = await health.run(kind, names);
  if (!ok) return failed(503, text);
  const body = parameters.has('verbose') ? `${text}ok\n` : 'ok\n';
  return { status: 200, type: plainText, body, headers: { 'X-Content-Type-Options': 'nosniff' } };
}

function versionPage({ node, version, storageVersion }: Pages): Page {
  const body = {
    etcdserver: version,
    etcdcluster: node.facts() === null ? 'not_decided' : minorVersion(version),
    storage: storageVersion,
  };
  return { status: 200, type: 'application/json', body: JSON.stringify(body) };
}
