/** Builds the inspector's page into dist/deploy/inspector/page/: plain files, which one server hands out by itself. */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const outDir = join(here, '..', '..', 'dist', 'deploy', 'inspector', 'page');

// Only what was built before: tsc writes into the same folder what the tests import.
rmSync(join(outDir, 'assets'), { recursive: true, force: true });

await build({
  configFile: false,
  root: join(here, 'page'),
  // Wherever it is served.
  base: './',
  plugins: [react()],
  logLevel: 'warn',
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2022',
    rolldownOptions: { input: ['index.html', 'stately.html'].map((name) => join(here, 'page', name)) },
    // The page's policy allows files of its own origin alone: nothing inline, nothing as data.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The layout engine is one file of 1.5 MB, loaded once, from the same machine.
    chunkSizeWarningLimit: 2000,
  },
});
