/** `quorate inspect`: the inspector of a running cluster, as a web page on this machine, until Ctrl-C. */
import { fileURLToPath } from 'node:url';
import { connectLink } from '../../transport/nats-link.js';
import { realClock } from '../clock.js';
import { type Given, type Options, resolveOptions } from '../config.js';
import { exitCodes } from '../exit-codes.js';
import { natsAccess } from '../nats-access.js';
import { clusterOptions } from '../node-options.js';
import { onStop } from '../processes.js';
import { anyText, pageUrl, path, wholeNumber } from '../values.js';
import { openRelay } from './relay.js';
import { servePage } from './server.js';

export const inspectOptions = {
  'cluster-name': clusterOptions['cluster-name'],
  servers: clusterOptions.servers,
  host: { says: 'address that the page is served on; it asks nobody who they are', kind: anyText, preset: '127.0.0.1' },
  port: { says: 'port of the page; 0: any', kind: wholeNumber(0, 65_535), preset: 4280 },
  stately: {
    says: 'also hand the feed on to the Stately inspector, a page of its makers; for people who use that',
    kind: pageUrl,
  },
  'nats-user': clusterOptions['nats-user'],
  'nats-password': clusterOptions['nats-password'],
  'nats-token': clusterOptions['nats-token'],
  'nats-nkey': clusterOptions['nats-nkey'],
  'nats-creds': clusterOptions['nats-creds'],
  cacert: clusterOptions.cacert,
  cert: clusterOptions.cert,
  key: clusterOptions.key,
  'config-file': { says: 'YAML file with flags as keys', kind: path },
} satisfies Options;

/** Runs until it is told to stop; the answer is the exit code. */
export async function inspect(given: Given): Promise<number> {
  const values = resolveOptions(inspectOptions, given);
  const link = await connectLink(natsAccess(values, values.servers), realClock);
  const page = await servePage({
    host: values.host,
    port: values.port,
    directory: fileURLToPath(new URL('page', import.meta.url)),
    framed: values.stately === undefined ? [] : [new URL(values.stately).origin],
  });
  const relay = openRelay(link, values['cluster-name'], realClock, (told) => page.tell(told));
  page.open(relay);
  process.stdout.write(`inspecting cluster ${values['cluster-name']}: open ${page.url}\n`);
  if (values.stately !== undefined) {
    const query = new URLSearchParams({ inspector: values.stately });
    process.stdout.write(`in the Stately inspector: open ${page.url}/stately.html?${query.toString()}\n`);
  }
  await new Promise<string>(onStop);
  relay.close();
  await page.close();
  await link.close();
  return exitCodes.stopped;
}
