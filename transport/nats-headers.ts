/**
 * Headers, ours and those of messages that anybody may have written. nats.js parses them when they are first looked at,
 * throws on a name that is none, and takes quadratic time over many.
 */
import { headers as natsHeaders, type Msg, type MsgHdrs } from 'nats';
import { badRequest } from '../machines/language/errors.js';

/** A token, a trace and a request id are a fraction of it. */
const HEADERS_BYTES_MAX = 8 * 1024;

/** What a message is made of, as nats.js has it; a service's message wraps one. */
interface Sized {
  size(): number;
}

/** The headers of a message, undefined when it has none. Throws InvalidArgument when they are not to be read. */
export function headersOf(message: Msg): MsgHdrs | undefined {
  const wrapped = message as Partial<Sized> & { readonly msg?: Sized };
  const whole = (wrapped.msg ?? (wrapped as Sized)).size();
  const bytes = whole - message.subject.length - (message.reply?.length ?? 0) - message.data.length;
  if (bytes > HEADERS_BYTES_MAX) {
    throw badRequest(`${bytes} bytes of headers given; at most ${HEADERS_BYTES_MAX} are read`);
  }
  try {
    return message.headers;
  } catch (error) {
    throw badRequest(`the headers are malformed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The value of one header, '' when there is none. */
export function headerIn(headers: MsgHdrs | undefined, name: string): string {
  const values = headers?.values(name) ?? [];
  if (values.length > 1) throw badRequest(`header ${name} is given ${values.length} times; it must be given once`);
  return values[0] ?? '';
}

export function toNatsHeaders(given: ReadonlyMap<string, string>): MsgHdrs {
  const headers = natsHeaders();
  for (const [name, value] of given) headers.set(name, value);
  return headers;
}
