/** What the output formats have in common: which there are, and what each can print. */
import type {
  GrantResponse,
  KeepAliveResponse,
  LeasesResponse,
  RevokeResponse,
  TimeToLiveResponse,
} from '../../client/lease-types.js';
import type {
  DeleteResponse,
  GetResponse,
  HashKvResponse,
  MemberListResponse,
  PutResponse,
  ResponseHeader,
  StatusResponse,
  TxnResponse,
} from '../../client/types.js';
import type { WatchEvent } from '../../client/watch-types.js';
import { CommandFailure, exitCodes } from './failure.js';
import type { Terminal } from './terminal.js';

export interface Health {
  readonly endpoint: string;
  readonly health: boolean;
  /** A duration as Go prints it; empty where nothing was asked. */
  readonly took: string;
  /** Empty when healthy. */
  readonly error: string;
}

export interface At<T> {
  readonly endpoint: string;
  readonly response: T;
}

/** What a watch said, or how it ended. */
export interface WatchNews {
  /** Undefined where the watch was refused before a member answered. */
  readonly header: ResponseHeader | undefined;
  readonly events: readonly WatchEvent[];
  readonly initial: boolean;
  readonly canceled: boolean;
  /** 0: it did not end because its revisions were compacted. */
  readonly compactRevision: number;
}

export interface Printer {
  get(response: GetResponse): void;
  put(response: PutResponse): void;
  delete(response: DeleteResponse): void;
  txn(response: TxnResponse): void;
  leaseGrant(response: GrantResponse): void;
  leaseRevoke(id: bigint, response: RevokeResponse): void;
  leaseKeepAlive(response: KeepAliveResponse): void;
  leaseTimeToLive(response: TimeToLiveResponse, withKeys: boolean): void;
  leases(response: LeasesResponse): void;
  watch(news: WatchNews): void;
  memberList(response: MemberListResponse): void;
  endpointHealth(list: readonly Health[]): void | Promise<void>;
  endpointStatus(list: readonly At<StatusResponse>[]): void | Promise<void>;
  endpointHashKv(list: readonly At<HashKvResponse>[]): void | Promise<void>;
}

export interface PrinterOptions {
  readonly hex: boolean;
  /** For `get --print-value-only`. */
  readonly valueOnly?: boolean;
}

export type MakePrinter = (terminal: Terminal, options: PrinterOptions) => Printer;

const formats = ['simple', 'json', 'fields', 'table', 'protobuf'] as const;
export type Format = (typeof formats)[number];

export function formatOf(text: string): Format {
  const format = formats.find((known) => known === text);
  if (format === undefined) throw new CommandFailure(exitCodes.badFeature, 'unsupported output format');
  return format;
}

/** For what a format cannot show. */
export const unsupported = (format: Format) => (): never => {
  throw new CommandFailure(exitCodes.badFeature, `${format} not supported as output format`);
};

/** Only the format that is asked for is loaded. */
export async function loadPrinter(format: Format): Promise<MakePrinter> {
  switch (format) {
    case 'simple':
      return (await import('./print-simple.js')).simplePrinter;
    case 'json':
      return (await import('./print-json.js')).jsonPrinter;
    case 'fields':
      return (await import('./print-fields.js')).fieldsPrinter;
    case 'table':
      return (await import('./print-table.js')).tablePrinter;
    case 'protobuf':
      return (await import('./print-protobuf.js')).protobufPrinter;
  }
}

/** Inside a transaction etcd's headers carry the revision alone. */
const innerHeader = ({ revision }: ResponseHeader): ResponseHeader => ({
  clusterId: 0n,
  memberId: 0n,
  revision,
  raftTerm: 0,
  raftIndex: 0,
});

/** The answer of an operation in a transaction, with the header that etcd gives it. */
export const inner = <T extends { readonly header: ResponseHeader }>(response: T): T => ({
  ...response,
  header: innerHeader(response.header),
});

/** The answers about the cluster say nothing of the store's revision. */
export const withoutRevision = (header: ResponseHeader): ResponseHeader => ({ ...header, revision: 0 });

/** What etcdctl shows where no member has answered. */
export const noHeader: ResponseHeader = { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0, raftIndex: 0 };
