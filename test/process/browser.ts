/** A real browser for tests of the inspector's page: Debian's Chromium, or whatever of its kind is on PATH. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';

/** Pictures to look at after a run; git does not know the folder. */
const artefacts = fileURLToPath(new URL('../../../test-artefacts/', import.meta.url));

export function pictureAt(name: string): string {
  mkdirSync(artefacts, { recursive: true });
  return join(artefacts, name);
}

/** Undefined: there is none on this machine. */
export function findBrowser(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const places = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  );
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Without Chromium's own sandbox, which containers and root do not have; it opens nothing but our own page. */
export const startBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
