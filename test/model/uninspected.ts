/** The part of a door's handlers that most tests have no use for: nobody looks in, and nothing is drilled. */
import type { DoorHandlers } from '../../transport/ports.js';

const nobody = (): never => {
  throw new Error('nobody inspects here');
};

export const uninspected: Pick<DoorHandlers, 'inspecting' | 'drills' | 'drill'> = {
  inspecting: nobody,
  drills: false,
  drill: nobody,
};
