/** The inspector's page as people use it: a real browser, `quorate inspect`, and real nodes, one of which is killed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { connect, type Client } from '../../client/index.js';
import { findBrowser, pictureAt, startBrowser } from './browser.js';
import { startTestCluster, type TestCluster } from './cluster.js';
import { type Inspecting, startInspect } from './inspecting.js';

const wait_ms = 60_000;
const executable = findBrowser();
const skip = executable === undefined ? 'no Chromium on PATH (apt-get install chromium)' : false;

describe('the inspector’s page', { skip }, () => {
  let cluster: TestCluster;
  let inspecting: Inspecting;
  let browser: Browser;
  let client: Client;
  let page: Page;
  const troubles: string[] = [];

  before(async () => {
    cluster = await startTestCluster({ flags: { drill: 'true' } });
    inspecting = await startInspect(cluster);
    client = await connect({ servers: cluster.servers, clusterName: cluster.clusterName });
    browser = await startBrowser(executable ?? '');
    page = await browser.newPage({ viewport: { width: 1280, height: 960 }, colorScheme: 'light' });
    page.setDefaultTimeout(wait_ms);
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('console', (line) => {
      if (line.type() === 'error') troubles.push(line.text());
    });
    await page.goto(inspecting.url);
  });

  after(async () => {
    await browser?.close();
    await client?.close();
    await inspecting?.stop();
    await cluster?.stop();
  });

  const card = (name: string) => page.locator(`[data-member="${name}"]`);
  const leaderNow = async (): Promise<string> => {
    const leading = page.locator('[data-member][data-role="leader"]');
    await leading.first().waitFor();
    return (await leading.first().getAttribute('data-member')) ?? '';
  };
  const litIn = (name: string, state: string) => card(name).locator(`[data-state="${state}"][data-active="true"]`);

  // Would be red if the page drew no chart, or lit another state than the one that is active.
  test('shows every member with the chart of its Raft, and who leads', async () => {
    for (const name of cluster.names) await card(name).locator('svg.picture').waitFor();
    const leader = await leaderNow();
    await litIn(leader, 'raft.leader.serving').waitFor();
    const followers = cluster.names.filter((name) => name !== leader);
    for (const name of followers) await litIn(name, 'raft.follower.following').waitFor();
    await page.screenshot({ path: pictureAt('inspector-serving.png') });
  });

  // Would be red if letters were not told, or the way of a put were lost between the actors.
  test('follows one put through the actors', async () => {
    for (let n = 0; n < 5; n++) await client.kv.put(`greeting/${n}`, 'a value that nobody may see');
    await page.locator('section[aria-label="Sequence of letters"]').scrollIntoViewIfNeeded();
    await page.locator('[data-letter="append.sent"]').first().waitFor();
    await page.locator('[data-follow="put"]').click();
    for (const letter of ['proposed', 'append.sent', 'append.accepted', 'decided']) {
      await page.locator(`[data-letter="${letter}"]`).first().waitFor();
    }
    await page
      .locator('section[aria-label="Sequence of letters"]')
      .screenshot({ path: pictureAt('inspector-put.png') });
    assert.doesNotMatch(await page.content(), /a value that nobody may see/);
    await page.getByRole('button', { name: 'Show all letters again' }).click();
  });

  // Would be red if short-lived states got lost on their way to the page, or the past could not be seen.
  test('shows an election after the leader was killed, and the old leader when one goes back in time', async () => {
    const old = await leaderNow();
    await page.evaluate('scrollTo(0, 0)');
    await cluster.kill(old, 'SIGKILL');
    await page.locator(`[data-member="${old}"][data-role="silent"]`).waitFor();
    const elected = page.locator('[data-trail$="follower preCandidate candidate leader"]');
    await elected.first().waitFor();
    const fresh = (await page.locator('[data-member]', { has: elected }).first().getAttribute('data-member')) ?? '';
    assert.notEqual(fresh, old);
    await litIn(fresh, 'raft.leader').waitFor();
    await page.screenshot({ path: pictureAt('inspector-elected.png') });

    const track = await page.locator('.track').boundingBox();
    assert.ok(track !== null);
    const y = track.y + track.height / 2;
    await page.mouse.move(track.x + track.width - 2, y);
    await page.mouse.down();
    await page.mouse.move(track.x + track.width * 0.6, y, { steps: 4 });
    await page.mouse.move(track.x + track.width * 0.3, y, { steps: 4 });
    await page.mouse.up();
    await page.locator('[data-moment="past"]').waitFor();
    await litIn(old, 'raft.leader').waitFor();
    await litIn(fresh, 'raft.follower').waitFor();
    await page.screenshot({ path: pictureAt('inspector-past.png') });

    await page.keyboard.press('End');
    await page.locator('[data-moment="live"]').waitFor();
    await litIn(fresh, 'raft.leader').waitFor();
  });

  // Would be red if a drill were refused for want of the header, or its outcome not said.
  test('orders a drill, and asks before it stops a member', async () => {
    const leader = await leaderNow();
    await card(leader).locator('[data-drill="pause"]').click();
    await card(leader).locator('.drill-said', { hasNotText: 'asked …' }).waitFor();
    assert.doesNotMatch(await card(leader).locator('.drill-said').innerText(), /refused/);
    await card(leader).locator('[data-drill="stop"]').click();
    await page.getByRole('button', { name: 'Let it run' }).click();
    assert.equal(await page.locator('dialog[open]').count(), 0);
  });

  // Would be red if what is saved could not be read again, or a broken file took the place of what is shown.
  test('saves what it recorded, and opens it again', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save recording' }).click(),
    ]);
    const file = pictureAt('inspector-recording.ndjson');
    await download.saveAs(file);
    const input = page.locator('input[type="file"]');
    await input.setInputFiles({ name: 'torn.ndjson', mimeType: 'text/plain', buffer: Buffer.from('{"number":') });
    await page.getByText('line 1 is no recorded frame').waitFor();
    await input.setInputFiles(file);
    await page.getByText('recording, at').waitFor();
    for (const name of cluster.names) await card(name).locator('svg.picture').waitFor();
    await page.getByRole('button', { name: 'Back to the cluster' }).click();
    await page.locator('[data-moment="live"]').waitFor();
  });

  // Would be red if the page's policy stopped a part of it, or a part failed while it was used.
  test('is as usable in the dark and on a wide screen, and nothing in it failed', async () => {
    for (const name of cluster.names) await card(name).locator('svg.picture').waitFor();
    await page.getByRole('button', { name: 'Show in dark colours' }).click();
    await page.setViewportSize({ width: 1920, height: 1080 });
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
    await page.screenshot({ path: pictureAt('inspector-dark.png') });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    assert.equal(overflow, 0, 'nothing stands out of the page');
    assert.deepEqual(troubles, []);
  });
});
