/** What who inspects a member asks, and what it is told: JSON, as pages and scripts read it. */
import { badRequest } from '../machines/language/errors.js';
import {
  type Drill,
  INSPECTION_KINDS,
  type InspectionFrame,
  type InspectionKind,
  type InspectionRequest,
} from '../machines/language/inspection.js';
import { limits } from '../machines/language/limits.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import { describe, parse, readFields, readInteger, readList } from './wire-values.js';

export const INSPECTION_FIELDS = ['for_ms', 'filter'];
export const FILTER_FIELDS = new Set(['actors', 'kinds', 'per_second']);
/** What every drill is asked with. */
export const DRILL_FIELDS = ['for_ms'];

const USUAL_FOR_MS = 60_000;
const USUAL_DRILL_MS = 3_000;

export function decodeInspection(body: Uint8Array): InspectionRequest {
  const fields = readFields('inspect', parse('inspect', body), new Set(INSPECTION_FIELDS));
  const filter = readFields('inspect: filter', fields['filter'], FILTER_FIELDS);
  const kinds = readList('inspect: filter', filter, 'kinds').map(readKind);
  return {
    for_ms: readWithin('inspect', fields, 'for_ms', limits.inspection_for_ms_max) || USUAL_FOR_MS,
    filter: {
      actors: readList('inspect: filter', filter, 'actors').map(readActor),
      kinds: kinds.length === 0 ? INSPECTION_KINDS : kinds,
      per_second:
        readWithin('inspect: filter', filter, 'per_second', limits.inspection_per_second_max) ||
        limits.inspection_per_second,
    },
  };
}

/** For how long; the drills that have no length do not look at it. */
export function decodeDrill(drill: Drill, body: Uint8Array): number {
  const what = `drill.${drill}`;
  const fields = readFields(what, parse(what, body), new Set(DRILL_FIELDS));
  return readWithin(what, fields, 'for_ms', limits.drill_ms_max) || USUAL_DRILL_MS;
}

function readWithin(what: string, fields: Fields, name: string, most: number): number {
  const given = readInteger(what, fields, name);
  if (given >= 0 && given <= most) return given;
  throw badRequest(`${what}: ${name} is ${given}; it must be between 0 (the usual) and ${most}`);
}

function readKind(value: Value): InspectionKind {
  const kind = INSPECTION_KINDS.find((known) => known === value);
  if (kind !== undefined) return kind;
  throw badRequest(
    `inspect: filter: field "kinds": ${describe(value)} given; it must be one of ${INSPECTION_KINDS.join(', ')}`,
  );
}

function readActor(value: Value): string {
  if (typeof value === 'string') return value;
  throw badRequest(`inspect: filter: field "actors": ${describe(value)} given; it must be a name such as "raft"`);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

const utf8 = new TextEncoder();

/** Numbers the messages of one inspection. What is in no message, because it fits none, is counted as untold. */
export function createFrameWriter(): (
  told: Omit<InspectionFrame, 'number'>,
  bytes_max: number,
) => readonly Uint8Array[] {
  let number = 0;
  return (told, bytes_max) => {
    const { events, ...rest } = told;
    const messages: string[][] = [[]];
    const wanted = Math.min(limits.inspection_frame_bytes, bytes_max);
    let [bytes, untold] = [0, told.untold];
    for (const event of events) {
      const text = JSON.stringify(event);
      if (text.length > bytes_max) untold += 1;
      else {
        if (bytes > 0 && bytes + text.length > wanted) {
          messages.push([]);
          bytes = 0;
        }
        messages.at(-1)?.push(text);
        bytes += text.length;
      }
    }
    return messages.map((texts, place) => {
      const last = place === messages.length - 1;
      number += 1;
      const head = { number, ...rest, untold: last ? untold : 0, ended: last ? rest.ended : '' };
      return utf8.encode(`${JSON.stringify(head).slice(0, -1)},"events":[${texts.join(',')}]}`);
    });
  };
}
