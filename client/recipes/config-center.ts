/** Configuration as JSON under one key: checked at the start, followed from then on, never replaced by a bad one. */
import { QuorateError } from '../../machines/language/errors.js';
import type { CallOptions, Client, KeyValue, ResponseHeader } from '../types.js';
import { viewed } from './live-view.js';
import { textOf } from './queue-of-keys.js';

/** Gives back the configuration that `value` is. Throws, saying what is wrong with it, where it is none. */
export type Validate<T> = (value: unknown) => T;

export interface ConfigOptions<T> {
  /** Used until a good one is written. Without it there must be a good one at the start. */
  readonly initial?: T | undefined;
  /** Called with each new good configuration. */
  readonly onChange?: ((config: T) => void) | undefined;
  /** Called with what is wrong, when one is written that is none, or it is deleted: the last good one stays. */
  readonly onRejected?: ((error: Error) => void) | undefined;
  /** Ends the following. */
  readonly signal?: AbortSignal | undefined;
}

export interface Config<T> {
  /** The last good one. */
  readonly current: T;
  /** The mod revision of the last good one; 0 for `initial`. */
  readonly revision: number;
  /** Checks it, and writes it for everyone. */
  save(config: T, options?: CallOptions): Promise<ResponseHeader>;
  close(): void;
}

/** Reads the configuration under `key` and follows it. Rejects where there is no good one to begin with. */
export async function openConfig<T>(
  client: Client,
  key: string,
  validate: Validate<T>,
  options: ConfigOptions<T> = {},
): Promise<Config<T>> {
  const ended = new AbortController();
  const signal = options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal]);
  const reject = options.onRejected ?? (() => undefined);
  let good: { readonly config: T; readonly revision: number } | undefined;
  let seen = 0;
  const views = viewed(client, { key, prefix: false }, signal, ({ kvs }) => kvs.get(key));
  const first = (await views.next()).value as KeyValue | undefined;
  const accept = (kv: KeyValue | undefined): void => {
    if (kv === undefined || kv.modRevision === seen) return;
    seen = kv.modRevision;
    good = { config: parse(key, textOf(kv.value), validate), revision: kv.modRevision };
  };
  try {
    accept(first);
    if (good === undefined && options.initial === undefined) throw missing(key);
  } catch (error) {
    if (options.initial === undefined) {
      ended.abort();
      throw error;
    }
    reject(error as Error);
  }
  good ??= { config: options.initial as T, revision: 0 };
  void follow();

  async function follow(): Promise<void> {
    for await (const kv of views) {
      try {
        const before = good?.revision;
        if (kv === undefined) throw missing(key);
        accept(kv);
        if (good !== undefined && good.revision !== before) options.onChange?.(good.config);
      } catch (error) {
        reject(error as Error);
      }
    }
  }
  const last = () => good as { readonly config: T; readonly revision: number };
  return {
    get current() {
      return last().config;
    },
    get revision() {
      return last().revision;
    },
    save: async (config, call) => (await client.kv.put(key, JSON.stringify(validate(config)), call)).header,
    close: () => ended.abort(),
  };
}

function parse<T>(key: string, text: string, validate: Validate<T>): T {
  try {
    return validate(JSON.parse(text));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new QuorateError('InvalidArgument', `quorate: the configuration ${key} is not usable: ${what}`, false, {
      cause: error,
    });
  }
}

const missing = (key: string): QuorateError =>
  new QuorateError('NotFound', `quorate: there is no configuration under ${key}`);
