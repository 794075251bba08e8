/** Every broken variant, in the order of the design's list, and those that the list does not have after them. */
import './small-limits.js';
import { clientVariants, type ClientVariant } from './client-variants.js';
import { clusterVariants, type ClusterVariant } from './cluster-variants.js';
import { designList } from './design-list.js';
import { sessionVariants } from './session-variants.js';
import { raftVariants, type RaftVariant } from './variants.js';

export type Variant = RaftVariant | ClusterVariant | ClientVariant;

const places = new Map<string, number>(designList.map((name, place) => [name, place]));
const placeOf = ({ name }: Variant): number => places.get(name) ?? designList.length;

export const allVariants: readonly Variant[] = [
  ...raftVariants,
  ...clusterVariants,
  ...sessionVariants,
  ...clientVariants,
].sort((a, b) => placeOf(a) - placeOf(b));

export const isListed = (variant: Variant): boolean => places.has(variant.name);

/** The kinds of faults it runs under, in words. */
export function faultsOf(variant: Variant): string {
  if (variant.level === 'client' || variant.play !== undefined) return 'a script';
  return variant.kinds?.join(', ') ?? 'swarm';
}
