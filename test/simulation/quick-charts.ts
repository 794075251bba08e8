/**
 * A quick interpreter of charts for simulations: the same definitions, guards, actions and order of things as XState's
 * own, with which way each letter can go worked out once and not each time. A chart that uses more than it knows is
 * left to XState; a test runs the same seeds both ways and demands the same history.
 */
import { StateMachine } from 'xstate';

interface Letter {
  readonly type: string;
}
type Params = unknown;
interface Named {
  readonly type: string;
  /** Themselves, or a function that finds them. */
  readonly params?: Params;
}
interface Seen {
  readonly context: object;
  readonly event: Letter;
}
interface Around extends Seen {
  readonly self: unknown;
  readonly system: unknown;
}
type GuardFunction = (seen: Seen, params: Params) => boolean;

type Assign = (around: Around, params: Params) => object;

/** XState's actions that come as functions with a type, and what each of them holds. */
interface Action {
  (around: Around, params: Params): void;
  readonly type?: string;
  readonly resolve?: unknown;
  readonly assignment?: object | Assign;
  readonly collect?: (around: Around & { readonly enqueue: Enqueue }, params: Params) => void;
  readonly event?: Letter | ((around: Around, params: Params) => Letter);
  readonly to?: unknown;
  readonly id?: unknown;
  readonly delay?: unknown;
}
type Assigned = { readonly assigned: object };
interface Enqueue {
  (action: string | Named): void;
  assign(next: object): void;
}

interface Arrow {
  readonly guard?: string | Named | GuardFunction;
  readonly actions: readonly (string | Named)[];
  readonly target?: readonly Node[];
  readonly reenter: boolean;
  readonly source: Node;
}
interface Node {
  readonly key: string;
  readonly id: string;
  readonly type: string;
  readonly order: number;
  readonly parent?: Node;
  readonly states: Readonly<Record<string, Node>>;
  readonly transitions: ReadonlyMap<string, readonly Arrow[]>;
  readonly always?: readonly Arrow[];
  readonly entry: readonly (string | Named)[];
  readonly exit: readonly (string | Named)[];
  readonly invoke: readonly unknown[];
  readonly tags: readonly string[];
  readonly after: readonly unknown[];
  readonly initial?: { readonly target: readonly Node[]; readonly actions: readonly unknown[] };
  readonly config: { readonly onDone?: unknown };
}
interface Machine {
  readonly root: Node;
  readonly options?: { readonly maxIterations?: number };
  readonly implementations: {
    readonly actions: Readonly<Record<string, Action>>;
    readonly guards: Readonly<Record<string, GuardFunction>>;
  };
}
interface Snapshot {
  readonly status: string;
  readonly context: object;
  readonly _nodes: readonly Node[];
  readonly value: unknown;
  readonly children: Readonly<Record<string, unknown>>;
}
interface Scope {
  readonly self: unknown;
  readonly system: { _relay(from: unknown, to: unknown, letter: Letter): void };
  defer(fn: () => void): void;
  actionExecutor(action: { type: string; info: Around; params: Params; exec: Action }): void;
}
type Transition = (this: Machine, snapshot: Snapshot, event: Letter, scope: Scope) => Snapshot;

/** Where an arrow leads from one configuration. */
interface Way {
  readonly exits: readonly Node[];
  readonly entries: readonly Node[];
  readonly nodes: readonly Node[];
  readonly leaf: Node;
  readonly value: unknown;
  readonly sameNodes: boolean;
}
/** What has been worked out about a chart. */
interface Plan {
  readonly quick: boolean;
  readonly candidates: Map<Node, Map<string, readonly Arrow[]>>;
  readonly eventless: Map<Node, readonly Arrow[]>;
  readonly ways: Map<Node, Map<Arrow, Way>>;
}

const prototype = StateMachine.prototype as unknown as { transition: Transition };
const ofXState = prototype.transition;
const plans = new WeakMap<Machine, Plan>();

/** Runs charts the quick way until the function it gives is called. */
export function quickCharts(): () => void {
  prototype.transition = transition;
  return () => {
    prototype.transition = ofXState;
  };
}

const transition: Transition = function (snapshot, event, scope) {
  const plan = planOf(this);
  if (!plan.quick || snapshot.status !== 'active' || event.type.startsWith('xstate.')) {
    return ofXState.call(this, snapshot, event, scope);
  }
  return new Macrostep(this, plan, snapshot, scope).run(event);
};

/** One letter, and all that follows from it before the next. */
class Macrostep {
  private context: object;
  private nodes: readonly Node[];
  private leaf: Node;
  private value: unknown;
  private readonly raised: Letter[] = [];
  /** Counts what would have made a new snapshot. */
  private changes = 0;

  constructor(
    private readonly machine: Machine,
    private readonly plan: Plan,
    private readonly snapshot: Snapshot,
    private readonly scope: Scope,
  ) {
    this.context = snapshot.context;
    this.nodes = snapshot._nodes;
    this.leaf = leafOf(snapshot._nodes);
    this.value = snapshot.value;
  }

  run(letter: Letter): Snapshot {
    const most = this.machine.options?.maxIterations ?? Infinity;
    let event = letter;
    let arrow = this.choose(candidatesOf(this.plan, this.leaf, event.type), event, true);
    if (arrow !== undefined) this.follow(arrow, event);
    let lookForEventless = true;
    for (let steps = 1; ; steps++) {
      if (steps > most) throw new Error(`more than ${most} microsteps without coming to rest: a loop in the chart`);
      arrow = lookForEventless ? this.choose(eventlessOf(this.plan, this.leaf), event, false) : undefined;
      const before: number = arrow === undefined ? -1 : this.changes;
      if (arrow === undefined) {
        const next = this.raised.shift();
        if (next === undefined) break;
        event = next;
        arrow = this.choose(candidatesOf(this.plan, this.leaf, event.type), event, true);
      }
      if (arrow !== undefined) this.follow(arrow, event);
      lookForEventless = this.changes !== before;
    }
    if (this.changes === 0) return this.snapshot;
    return { ...this.snapshot, context: this.context, _nodes: this.nodes, value: this.value };
  }

  private choose(arrows: readonly Arrow[], event: Letter, named: boolean): Arrow | undefined {
    for (const arrow of arrows) {
      if (arrow.guard === undefined) return arrow;
      try {
        if (this.passes(arrow.guard, event)) return arrow;
      } catch (error) {
        if (!named) throw error;
        const name = typeof arrow.guard === 'string' ? `'${arrow.guard}' ` : '';
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(
          `Unable to evaluate guard ${name}in transition for event '${event.type}' in state node ` +
            `'${arrow.source.id}':\n${reason}`,
          { cause: error },
        );
      }
    }
    return undefined;
  }

  private passes(guard: string | Named | GuardFunction, event: Letter): boolean {
    const seen = { context: this.context, event };
    if (typeof guard === 'function') return guard(seen, undefined);
    const named = typeof guard === 'string' ? guard : guard.type;
    const check = this.machine.implementations.guards[named];
    if (check === undefined) throw new Error(`Guard '${named}' is not implemented.`);
    return check(seen, typeof guard === 'string' ? undefined : paramsOf(guard, seen));
  }

  private follow(arrow: Arrow, event: Letter): void {
    if (arrow.target === undefined) return this.perform(arrow.actions, event);
    const way = wayOf(this.plan, this.leaf, this.nodes, arrow);
    for (const node of way.exits) this.perform(node.exit, event);
    this.perform(arrow.actions, event);
    for (const node of way.entries) this.perform(node.entry, event);
    if (way.sameNodes) return;
    this.changes++;
    this.nodes = way.nodes;
    this.leaf = way.leaf;
    this.value = way.value;
  }

  private perform(actions: readonly (string | Named | Assigned)[], event: Letter): void {
    for (const named of actions) {
      if (typeof named === 'object' && 'assigned' in named) {
        this.assign(named.assigned);
        continue;
      }
      const type = typeof named === 'string' ? named : named.type;
      const action = this.machine.implementations.actions[type];
      if (action === undefined) continue;
      const around = { context: this.context, event, self: this.scope.self, system: this.scope.system };
      const params = typeof named === 'string' ? undefined : paramsOf(named, around);
      if (action.resolve === undefined) this.scope.actionExecutor({ type, info: around, params, exec: action });
      else this.builtIn(action, around, params);
    }
  }

  private builtIn(action: Action, around: Around, params: Params): void {
    const { assignment } = action;
    if (typeof assignment === 'function') return this.assign((assignment as Assign)(around, params));
    if (assignment !== undefined) return this.assign(assignment);
    if (action.collect !== undefined) {
      const collected: (string | Named | Assigned)[] = [];
      const enqueue: Enqueue = Object.assign((one: string | Named) => void collected.push(one), {
        assign: (assigned: object) => void collected.push({ assigned }),
      });
      action.collect({ ...around, enqueue }, params);
      return this.perform(collected, around.event);
    }
    const event = typeof action.event === 'function' ? action.event(around, params) : action.event;
    if (event === undefined) throw new Error('a letter was to be sent, and there is none');
    if (action.type === 'xstate.raise') return void this.raised.push(event);
    const child = this.snapshot.children[action.to as string];
    if (child === undefined) throw new Error(`Unable to send event to actor '${String(action.to)}'.`);
    this.scope.defer(() => this.scope.system._relay(this.scope.self, child, event));
  }

  private assign(partial: object): void {
    this.changes++;
    this.context = { ...this.context, ...partial };
  }
}

const paramsOf = ({ params }: Named, seen: Seen): Params =>
  typeof params === 'function'
    ? (params as (seen: Seen) => Params)({ context: seen.context, event: seen.event })
    : params;

/** The deepest node: without parallel states there is one. */
function leafOf(nodes: readonly Node[]): Node {
  let leaf = nodes[0] as Node;
  for (const node of nodes) if (node.order > leaf.order) leaf = node;
  return leaf;
}

function* upFrom(node: Node | undefined): Generator<Node> {
  for (let at = node; at !== undefined; at = at.parent) yield at;
}

const isBelow = (node: Node, above: Node | undefined): boolean =>
  above === undefined ? node.parent === undefined : node !== above && [...upFrom(node)].includes(above);

function candidatesOf(plan: Plan, leaf: Node, type: string): readonly Arrow[] {
  const known = plan.candidates.get(leaf) ?? new Map<string, readonly Arrow[]>();
  plan.candidates.set(leaf, known);
  let found = known.get(type);
  if (found === undefined) {
    found = [...upFrom(leaf)].flatMap(({ transitions }) => [
      ...(transitions.get(type) ?? []),
      ...(transitions.get('*') ?? []),
    ]);
    known.set(type, found);
  }
  return found;
}

function eventlessOf(plan: Plan, leaf: Node): readonly Arrow[] {
  let found = plan.eventless.get(leaf);
  if (found === undefined) {
    found = [...upFrom(leaf)].flatMap(({ always }) => always ?? []);
    plan.eventless.set(leaf, found);
  }
  return found;
}

function wayOf(plan: Plan, leaf: Node, nodes: readonly Node[], arrow: Arrow): Way {
  const known = plan.ways.get(leaf) ?? new Map<Arrow, Way>();
  plan.ways.set(leaf, known);
  let way = known.get(arrow);
  if (way === undefined) known.set(arrow, (way = findWay(nodes, arrow)));
  return way;
}

/** SCXML's exit and entry sets, for one target and no parallel states. */
function findWay(nodes: readonly Node[], { source, target: targets, reenter }: Arrow): Way {
  const target = targets?.[0] as Node;
  const within = target === source || isBelow(target, source);
  const domain =
    !reenter && within
      ? source
      : ([...upFrom(target.parent)].find((above) => isBelow(source, above)) ?? [...upFrom(source)].at(-1));
  const exits = nodes
    .filter((node) => isBelow(node, domain) || (reenter && source === domain && node === domain))
    .sort((a, b) => b.order - a.order);
  const entries = new Set<Node>();
  if (source !== target || source !== domain || reenter) entries.add(target);
  for (let at = target; at.type === 'compound'; entries.add(at)) at = at.initial?.target[0] as Node;
  for (const above of upFrom(target.parent)) if (isBelow(above, domain)) entries.add(above);
  const next = new Set(nodes.filter((node) => !exits.includes(node)));
  const inOrder = [...entries].sort((a, b) => a.order - b.order);
  for (const node of inOrder) next.add(node);
  const leaf = leafOf([...next]);
  let value: unknown = leaf.key;
  for (const above of upFrom(leaf.parent)) if (above.parent !== undefined) value = { [above.key]: value };
  const sameNodes = next.size === nodes.length && nodes.every((node) => next.has(node));
  return { exits, entries: inOrder, nodes: [...next], leaf, value, sameNodes };
}

function planOf(machine: Machine): Plan {
  let plan = plans.get(machine);
  if (plan === undefined) {
    plan = { quick: isSimple(machine), candidates: new Map(), eventless: new Map(), ways: new Map() };
    plans.set(machine, plan);
  }
  return plan;
}

const kinds = ['xstate.assign', 'xstate.enqueueActions', 'xstate.raise', 'xstate.sendTo'];

/** Whether it uses nothing but what is known here. */
function isSimple({ root, implementations: { actions, guards } }: Machine): boolean {
  const plainNames = (list: readonly unknown[]): boolean => list.every((one) => typeof one !== 'function');
  const simpleArrow = ({ guard, actions: named, target }: Arrow): boolean =>
    plainNames(named) && (target?.length ?? 1) === 1 && !(typeof guard === 'function' && 'check' in guard);
  const simpleNode = (node: Node): boolean =>
    (node.type === 'atomic' || node.type === 'compound') &&
    (node === root || node.invoke.length === 0) &&
    node.tags.length + node.after.length + (node.initial?.actions.length ?? 0) === 0 &&
    node.config.onDone === undefined &&
    plainNames(node.entry) &&
    plainNames(node.exit) &&
    [...node.transitions].every(([type, arrows]) => !/.\*|\*./.test(type) && arrows.every(simpleArrow)) &&
    (node.always ?? []).every(simpleArrow) &&
    Object.values(node.states).every(simpleNode);
  const simpleAction = (action: Action): boolean =>
    action.resolve === undefined ||
    (kinds.includes(action.type ?? '') &&
      action.delay === undefined &&
      action.id === undefined &&
      (typeof action.assignment === 'function' || plainNames(Object.values(action.assignment ?? {}))) &&
      (action.type !== 'xstate.sendTo' || typeof action.to === 'string'));
  return (
    simpleNode(root) &&
    Object.values(actions).every(simpleAction) &&
    Object.values(guards).every((guard) => typeof guard === 'function' && !('check' in guard))
  );
}
