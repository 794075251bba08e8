/** How the parts of an XState chart are called, for people: in diagrams and in the inspector. */

/** A named guard's name; of `and`, `or` and `not` that and the names in it. */
export function guardName(guard: unknown): string {
  if (guard === undefined) return '';
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object' && guard !== null && 'type' in guard) return String(guard.type);
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards)) {
    return `${guard.name} ${guard.guards.map(guardName).join(', ')}`;
  }
  return 'guarded';
}

/** More events than this are counted, not listed. */
const listed_max = 3;

/** The events that take one arrow. */
export const eventsText = (events: readonly string[]): string =>
  events.length > listed_max ? `${events.length} kinds of event` : events.join(', ');

/** An action's name; '' of one that has none. */
export function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  if (typeof action === 'object' && action !== null && 'type' in action) return String(action.type);
  return typeof action === 'function' ? action.name : '';
}
