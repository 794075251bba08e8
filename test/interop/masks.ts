/** What two clusters cannot have in common is blotted out: ids, terms, addresses, names of programs. */
import { decodeFields } from '../ctl/decode-protobuf.js';

export interface Output {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly code: number | null;
}

export interface Masked {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export function mask({ stdout, stderr, code }: Output, isProtobuf: boolean): Masked {
  return {
    stdout: isProtobuf && stdout.length > 0 ? maskProtobuf(stdout) : maskUsage(maskText(stdout.toString())),
    stderr: maskText(withoutLog(stderr)),
    code,
  };
}

const maskText = (text: string): string =>
  text
    .replaceAll('quoratectl', 'etcdctl')
    .replace(/"(cluster_id|member_id|raft_term|ID|id|leader)":"?[0-9a-f]+"?/g, '"$1":#')
    .replace(/"(ClusterID|MemberID|RaftTerm|ID|Leader)" : [0-9a-f]+/g, (line, name: string) =>
      line.endsWith(' : 0') ? line : `"${name}" : #`,
    )
    .replace(/remaining\(\d+s\)/g, 'remaining(#s)')
    .replace(/\b[0-9a-f]{14,16}\b/g, '################')
    .replace(/127\.0\.0\.1:\d{5}/g, '127.0.0.1:#####')
    .replace(/\b\d+(\.\d+)?(ms|µs)\b/g, '#ms');

/** The flags that a usage names differ by nature; that there is one does not. */
const maskUsage = (text: string): string => text.replace(/^NAME:\n[\s\S]*$/, '[usage]\n');

/** etcdctl 3.4's client writes log lines beside its errors. */
const withoutLog = (text: string): string => text.replace(/^\{"level":"warn".*\n/gm, '');

/** The header is field 1 of each answer; its cluster, member and term go, its revision stays. */
function maskProtobuf(bytes: Uint8Array): string {
  const shown = [...decodeFields(bytes)].map(([number, values]) => {
    if (number !== 1) return `${number}: ${values.map(show).join(' ')}`;
    const [first] = values;
    if (typeof first === 'bigint') return '1: a number';
    const header = decodeFields(first as Uint8Array);
    return `1: names ${[...header.keys()].join(',')} revision ${header.get(3)?.join() ?? 'none'}`;
  });
  return shown.join('\n');
}

/** A member begins with its id; a number that is as large as an id is one. */
function show(value: bigint | Uint8Array): string {
  if (typeof value === 'bigint') return value > 2n ** 48n && value < 2n ** 63n ? '#' : String(value);
  const text = Buffer.from(value).toString('latin1');
  const isMember = text.includes('http://');
  return isMember ? [...decodeFields(value).keys()].join(',') : Buffer.from(value).toString('hex');
}
