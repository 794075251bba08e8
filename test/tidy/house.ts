/** The rules of the house as tables: who may import whom, what stands in one room only, and how long things may get. */

export interface Room {
  /** Paths beginning so are in this room; the first room that fits is a file's own. */
  readonly prefix: string;
  /** What its files may import, by the beginning of the path. */
  readonly imports: readonly string[];
  /** Packages, each for the files whose path it fits. `node:` stands for all of Node's own. */
  readonly packages: Readonly<Record<string, RegExp>>;
}

const all = /./;

export const rooms: readonly Room[] = [
  {
    prefix: 'machines/language/',
    imports: ['machines/language/'],
    packages: { '@msgpack/msgpack': /\/codec\.ts$/ },
  },
  { prefix: 'machines/', imports: ['machines/'], packages: { xstate: all } },
  {
    prefix: 'store/',
    imports: ['store/', 'machines/language/'],
    packages: {
      'node:': all,
      rocksdb: /\/engine-rocks\.ts$/,
      'sorted-btree': all,
      '@node-rs/crc32': all,
      tsyringe: all,
      'reflect-metadata': all,
    },
  },
  {
    prefix: 'transport/',
    imports: ['transport/', 'machines/language/'],
    packages: {
      'node:': all,
      nats: /\/nats-[^/]*\.ts$/,
      '@msgpack/msgpack': all,
      '@node-rs/crc32': all,
      tsyringe: all,
    },
  },
  {
    prefix: 'actors/',
    imports: ['actors/', 'machines/', 'store/ports.ts', 'transport/ports.ts'],
    packages: { xstate: all, '@statelyai/inspect': /\/(inspector|inspection)\.ts$/ },
  },
  {
    prefix: 'client/',
    imports: [
      'client/',
      'machines/',
      'transport/ports.ts',
      'transport/wire.ts',
      'transport/wire-batch.ts',
      'transport/wire-watch.ts',
      'transport/wire-watch-requests.ts',
      'transport/subjects.ts',
      'transport/nats-link.ts',
    ],
    packages: { xstate: all },
  },
  {
    // It runs in a browser: of the house it knows only what a member tells.
    prefix: 'deploy/inspector/page/',
    imports: [
      'deploy/inspector/page/',
      'deploy/inspector/feed.ts',
      'machines/language/inspection.ts',
      'machines/chart-words.ts',
    ],
    packages: { react: all, 'react-dom': all, elkjs: all },
  },
  {
    prefix: 'deploy/',
    imports: ['machines/', 'store/', 'transport/', 'actors/', 'client/', 'deploy/'],
    packages: {
      'node:': all,
      tsyringe: all,
      'reflect-metadata': all,
      commander: all,
      yaml: all,
      pino: all,
      'pino-pretty': all,
      'cli-table3': /^deploy\/ctl\//,
      'prom-client': /^deploy\/metrics\//,
    },
  },
  { prefix: 'examples/', imports: ['client/', 'examples/'], packages: { 'node:': all } },
];

/**
 * What has one room, so that a test can take its place, and machines/ stays pure. The client has a clock of its own
 * because it is installed without the rest.
 */
export const confined: readonly { readonly what: string; readonly allowedIn: RegExp }[] = [
  { what: 'Date.now', allowedIn: /^((deploy|client)\/clock\.ts$|test\/)/ },
  { what: 'Math.random', allowedIn: /^test\// },
  { what: 'performance.now', allowedIn: /^(deploy\/|client\/clock\.ts$|test\/)/ },
  { what: 'setTimeout', allowedIn: /^((deploy|client)\/clock\.ts$|test\/)/ },
  { what: 'setInterval', allowedIn: /^test\// },
  { what: 'setImmediate', allowedIn: /^((deploy|client)\/clock\.ts$|test\/)/ },
  { what: 'process', allowedIn: /^(deploy|test|examples)\// },
  { what: 'Buffer', allowedIn: /^(store|transport|deploy|test|examples)\// },
];

/** Tables that are read from top to bottom, and better in one piece. */
export const contractTables: readonly string[] = [
  'machines/language/vocabulary.ts',
  'machines/language/errors.ts',
  'store/ports.ts',
  'transport/ports.ts',
  'client/types.ts',
];

export const lengths = { file: 250, testFile: 600, function: 70, line: 120 } as const;

/** Begun by a command of their own (package.json, deploy/bin) or by users of the package. */
export const entrances: readonly RegExp[] = [
  /^deploy\/(main|draw)\.ts$/,
  /^deploy\/inspector\/page\/main\.tsx$/,
  /^deploy\/ctl\/main\.ts$/,
  /^client\/index\.ts$/,
  /^machines\/raft\/raft\.machine\.ts$/,
  /\.test\.ts$/,
  /^test\/.*\bmain\.ts$/,
  /^examples\//,
];
