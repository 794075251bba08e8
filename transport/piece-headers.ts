/** Answers in pieces, as the asker sees them: the piece that a message's headers speak of. */
import type { Piece } from './pieces.js';
import type { LinkMessage } from './ports.js';
import { headerNames } from './wire.js';

/** Undefined for a message that is whole, as most are. */
export function pieceOf(message: LinkMessage): Piece | undefined {
  const text = message.headers.get(headerNames.piece);
  if (text === undefined) return undefined;
  const [number, total] = text.split('/').map(Number);
  const crc = parseInt(message.headers.get(headerNames.pieceCrc) ?? '', 16);
  return { number: number ?? 0, total: total ?? 0, crc, bytes: message.body };
}
