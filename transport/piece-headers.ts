/** Answers in pieces, as the asker sees them: the piece that a message's headers speak of. */
import { limits } from '../machines/language/limits.js';
import { addPiece, type Assembly, type Piece } from './pieces.js';
import type { LinkMessage } from './ports.js';
import { headerNames } from './wire.js';

/** The message, or the one whose last piece it is, beside what is there of one that is not whole. */
export function wholeOf(
  message: LinkMessage,
  before: Assembly | undefined,
): { readonly whole: LinkMessage | undefined; readonly assembly: Assembly | undefined } {
  const piece = pieceOf(message);
  if (piece === undefined) return { whole: message, assembly: before };
  const assembled = addPiece(before, piece, limits.answer_bytes_max);
  return {
    whole: assembled.state === 'whole' ? { ...message, body: assembled.bytes } : undefined,
    assembly: assembled.state === 'more' ? assembled.assembly : undefined,
  };
}

/** Undefined for a message that is whole, as most are. */
function pieceOf(message: LinkMessage): Piece | undefined {
  const text = message.headers.get(headerNames.piece);
  if (text === undefined) return undefined;
  const [number, total] = text.split('/').map(Number);
  const crc = parseInt(message.headers.get(headerNames.pieceCrc) ?? '', 16);
  return { number: number ?? 0, total: total ?? 0, crc, bytes: message.body };
}
