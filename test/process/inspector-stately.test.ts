/** `quorate inspect --stately`: the same feed, in the schema of the Stately inspector, handed to its page. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { findBrowser, startBrowser } from './browser.js';
import { startTestCluster, type TestCluster } from './cluster.js';
import { type Inspecting, startInspect } from './inspecting.js';

const executable = findBrowser();
const skip = executable === undefined ? 'no Chromium on PATH (apt-get install chromium)' : false;

/** Does what the Stately inspector's page does: says that it listens, and takes what it is sent. */
const stranger = `<!doctype html><title>stranger</title><script>
  addEventListener('message', ({ data }) => {
    window.told = [...(window.told ?? []), data];
  });
  parent.postMessage({ type: '@statelyai.connected' }, '*');
</script>`;

interface Told {
  readonly type: string;
  readonly name?: string;
  readonly sessionId: string;
  readonly parentId?: string;
  readonly definition?: string;
  readonly _version: string;
}

describe('quorate inspect --stately', { skip }, () => {
  let cluster: TestCluster;
  let inspecting: Inspecting;
  let page: Server;
  let browser: Browser;
  before(async () => {
    page = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(stranger));
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    cluster = await startTestCluster({ nodes: 2 });
    const { port } = page.address() as AddressInfo;
    inspecting = await startInspect(cluster, ['--stately', `http://127.0.0.1:${port}/inspect`]);
    browser = await startBrowser(executable ?? '');
  });
  after(async () => {
    await browser?.close();
    await inspecting?.stop();
    await cluster?.stop();
    page?.close();
  });

  // Would be red if the policy kept the frame out, or the actors of two members had one id.
  test('every actor of every member arrives once under a name and an id of its own, with its chart', async () => {
    const opened = await browser.newPage();
    await opened.goto(inspecting.statelyUrl);
    const frame = await (await opened.waitForSelector('iframe')).contentFrame();
    assert.ok(frame !== null);
    const isThere = "['n1 raft', 'n2 raft'].every((name) => (window.told ?? []).some((each) => each.name === name))";
    await frame.waitForFunction(isThere);
    const told = await frame.evaluate<readonly Told[]>('window.told');
    assert.ok(told.every(({ type, _version }) => /^@xstate\.(actor|event|snapshot)$/.test(type) && _version !== ''));
    const rafts = told.filter(({ type, name }) => type === '@xstate.actor' && name?.endsWith(' raft'));
    assert.deepEqual(
      rafts.map(({ sessionId, parentId }) => [sessionId.split(' ')[0], parentId?.split(' ')[0]]).sort(),
      [
        ['n1', 'n1'],
        ['n2', 'n2'],
      ],
    );
    assert.equal((JSON.parse(rafts[0]?.definition ?? '{}') as { id: string }).id, 'raft');
  });
});
