// What the disks and the running nodes say at the end of a run: the checkers read this and the history, nothing else.
import { type Bytes, concat, fromUtf8, toHex, u64be, utf8 } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import { type ApplicationId, type DeltaId, idBytes, type OpId, type RootHash } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import type { Operation } from '../../src/base/operations.ts'
import { ContextStore } from '../../src/context/context-store.ts'
import { KeyRing } from '../../src/context/namespaces/keys/key-ring.ts'
import { keyOf } from '../../src/store/keys.ts'
import { rangeOf } from '../../src/store/store.ts'
import { type ContextSummary, keysOf, type TestNode } from '../../src/testing/test-node.ts'
import type { Checkpoint } from '../../src/wire/checkpoint.ts'
import { codeCutOf, type Delta, decodeDelta, openDelta } from '../../src/wire/delta.ts'
import { type DeltaRow, decodeRow, type ParkedRow } from '../../src/wire/records.ts'
import { takesFrom, unpinnedOf } from '../run/removals.ts'
import type { Setting } from '../run/settings.ts'
import type { SimulationEnd } from '../run/simulation.ts'
import { honestNodes, remainingNodes, type Scenario } from '../scenario/scenario.ts'
import { contentsOf } from './contents.ts'
import { type History, statusOf } from './history.ts'
import { type Leftovers, leftoversOf } from './leftovers.ts'
import { presencesOn } from './presences.ts'
import { type AppliedDelta, refold } from './refold.ts'
import { Unanswered } from './unanswered.ts'
import { viewsOf } from './views.ts'

export interface NodeFacts {
  readonly name: string
  readonly publicKey: string
  readonly summary: ContextSummary
  /** Complete deltas on its disk, without effect or with: of what is not pruned. */
  readonly applied: ReadonlySet<DeltaId>
  readonly voids: ReadonlySet<DeltaId>
  /** Whose undo records lie on its disk, in their order. */
  readonly stack: readonly DeltaId[]
  /** Up to which its history is pruned. */
  readonly checkpoint: Checkpoint | undefined
  /** What waits on its disk: for parents, for a key, for governance, for its time. */
  readonly waiting: readonly Delta[]
  readonly governance: string
  readonly governanceMissing: number
  /** Hash of the rows that it gives to who joins. */
  readonly base: string
  /** What it runs, and what is proposed in the context. */
  readonly applicationId: ApplicationId
  readonly proposals: string
  /** What it was told to show, since it was started. */
  readonly shows: string | undefined
  /** What it sees of each member, by key. */
  readonly presences: ReadonlyMap<string, string>
  readonly leftovers: Leftovers
}

export interface Facts {
  readonly scenario: Scenario
  readonly setting: Setting
  readonly history: History
  readonly unrest: string | undefined
  readonly nodes: readonly NodeFacts[]
  /** What counts in the end: everything in the past of the heads of the first node, in canonical order. */
  readonly deltas: readonly AppliedDelta[]
  /** What is in that past and counts nowhere. */
  readonly voids: readonly Delta[]
  /** Both, in canonical order. */
  readonly graph: readonly Delta[]
  /** These and all that anyone honest held in the course of the run, in canonical order. */
  readonly everything: readonly Delta[]
  /** Those of them that were made by what the context was upgraded to. */
  readonly second: ReadonlySet<DeltaId>
  /** Deltas that were given up for a snapshot, and as what their authors wrote them again. */
  readonly reissued: ReadonlyMap<DeltaId, DeltaId>
  /** By delta: all that have the same events, because their author wrote one of them again. */
  readonly sameEvents: ReadonlyMap<DeltaId, readonly DeltaId[]>
  /** What says to stand for what another has written: by its own word its events are those, which may have been handled and shown. */
  readonly claims: ReadonlySet<DeltaId>
  /** Ends of the checkpoints beneath it with which what was removed has gone, oldest first. */
  readonly sweeps: readonly DeltaId[]
  /** What the checkpoint of the first node contains as lost. */
  readonly ended: ReadonlySet<DeltaId>
  /** What counts, knows of a removal, and can be read by who was removed. */
  readonly exposed: readonly { readonly name: string; readonly id: DeltaId }[]
  /** The log of the namespace as the first node has it, ancestors first. */
  readonly log: readonly Operation[]
  /** What counts of who was removed, though nobody had accepted it. */
  readonly unpinned: readonly { readonly name: string; readonly id: DeltaId }[]
  /** What the views of the first node answer. */
  readonly views: Readonly<Record<string, unknown>>
  readonly refolded: RootHash
}

/** Undefined when a node is not even there. Throws Unanswered. */
export async function factsOf(end: SimulationEnd): Promise<Facts | undefined> {
  const { world, scenario, setting, history, unrest } = end
  const { contextId } = setting.shared
  const names = remainingNodes(scenario)
  if (names.some((name) => !world.nodes.get(name)?.running)) return undefined
  const nodes: NodeFacts[] = []
  for (const name of names) {
    const node = world.get(name)
    if (!node.node.contexts.has(contextId)) return undefined
    nodes.push(await nodeFacts(end, node))
  }
  const first = world.get(names[0] ?? '')
  const views: Record<string, unknown> = {}
  for (const [name, method, args] of viewsOf(scenario, history.attempts)) {
    const context = await world.run(first.context(contextId))
    const { value } = await world
      .run(context.call({ method, input: utf8(JSON.stringify(args)) }))
      .catch((cause: unknown) => {
        throw new Unanswered('effects', `${name} is not shown at the end: ${String(cause)}`, { cause })
      })
    views[name] = value === undefined ? undefined : JSON.parse(fromUtf8(value))
  }
  // Who takes a state needs no key for what is beneath it: of that, others have it.
  const rings = await Promise.all(names.map((name) => KeyRing.open(world.get(name).disk)))
  const everything = [...history.deltas.values()].map((row) => decodeDelta(decodeRow<DeltaRow>('delta', row).delta))
  everything.sort(compareCanonical)
  const checkpoint = nodes[0]?.checkpoint
  const { roles: contents, sweeps } = contentsOf(checkpoint, history.checkpoints.values())
  const past = pastOf(everything, nodes[0]?.summary.heads ?? [], { checkpoint, contents })
  // Where nodes differ, their rows do, too.
  const isVoid = ({ id }: Delta) =>
    checkpoint !== undefined && id <= checkpoint.last
      ? contents.get(id) !== 'counting'
      : (nodes[0]?.voids.has(id) ?? false)
  const open = (delta: Delta): AppliedDelta => {
    const isBeneath = checkpoint !== undefined && delta.id <= checkpoint.last
    const having = isBeneath ? rings : rings.slice(0, 1)
    const key = having.flatMap((ring) => ring.find(setting.shared.groupId, delta.keyId) ?? [])[0]
    if (!key) throw new Error(`delta ${delta.id} counts, but ${isBeneath ? 'nobody' : first.name} has a key for it`)
    return { delta, payload: openDelta(delta, key) }
  }
  const graph = everything.filter(({ id }) => past.has(id))
  const deltas = graph.filter((delta) => !isVoid(delta)).map(open)
  const namespace = first.node.namespaces.get(setting.shared.namespaceId)
  const isSecond = (delta: Delta) =>
    (namespace.applicationAt(contextId, codeCutOf(delta)) ?? setting.applicationId) !== setting.applicationId
  const migrates = scenario.marks?.includes('migration') === true
  const refolded = await refold(scenario.app, setting, { deltas, isSecond, migrates, sweeps })
  return {
    scenario,
    setting,
    history,
    unrest,
    nodes,
    deltas,
    voids: graph.filter(isVoid),
    sweeps,
    ended: new Set([...contents].flatMap(([id, role]) => (role === 'lost' ? [id] : []))),
    graph,
    everything,
    second: new Set(everything.filter(isSecond).map(({ id }) => id)),
    reissued: reissuedAs(history, deltas),
    sameEvents: sameEventsIn(everything, history),
    claims: new Set(
      everything.filter(({ id, rewrites }) => rewrites && history.hostileDeltas.has(id)).map(({ id }) => id),
    ),
    exposed: await exposedTo(end, deltas),
    unpinned: unpinnedIn(end, { everything, deltas, checkpoint }),
    log: namespace.opsNotIn([], Number.MAX_SAFE_INTEGER),
    views,
    refolded,
  }
}

async function nodeFacts({ world, setting, history }: SimulationEnd, node: TestNode): Promise<NodeFacts> {
  const { contextId, namespaceId } = setting.shared
  const namespace = node.node.namespaces.get(namespaceId)
  const rows = new ContextStore(node.disk, contextId)
  const applied = new Set<DeltaId>()
  const voids = new Set<DeltaId>()
  const waiting: Delta[] = []
  for await (const [key, value] of node.disk.entries(rangeOf(keyOf('delta', idBytes(contextId))))) {
    const id = toHex(key.subarray(key.byteLength - 32)) as DeltaId
    const status = statusOf(value)
    if (status === 'applied') applied.add(id)
    else if (status === 'void') voids.add(id)
    else waiting.push(decodeDelta(decodeRow<DeltaRow>('delta', value).delta))
  }
  for await (const [, value] of node.disk.entries(rangeOf(keyOf('parked', idBytes(contextId))))) {
    waiting.push(decodeDelta(decodeRow<ParkedRow>('parked delta', value).delta))
  }
  return {
    name: node.name,
    publicKey: node.node.identity.publicKey,
    summary: await world.run(node.summary(contextId)),
    applied,
    voids,
    stack: (await rows.stack(rows.checkpoint()?.base ?? 0)).map(({ id }) => id),
    checkpoint: rows.checkpoint()?.certified.checkpoint,
    waiting,
    governance: `${namespace.heads().join()} ${namespace.state.groupStateHash(namespace.state.namespaceId)}`,
    governanceMissing: namespace.missing(10).length,
    base: await baseOf(rows),
    applicationId: (await world.run(node.context(contextId))).record.applicationId,
    proposals: JSON.stringify(namespace.state.contexts.get(contextId)?.proposals ?? null, plain),
    shows:
      history.showing.get(node.name)?.process === node
        ? (history.showing.get(node.name)?.shows ?? undefined)
        : undefined,
    presences: presencesOn(node, contextId),
    leftovers: await leftoversOf(node.disk, contextId, [...applied, ...voids, ...waiting.map(({ id }) => id)]),
  }
}

async function baseOf(rows: ContextStore): Promise<string> {
  const all: Bytes[] = []
  for await (const row of rows.base()) for (const part of row) all.push(u64be(BigInt(part.byteLength)), part)
  return toHex(sha256(concat(all)))
}

/** What the checkpoint contains, and above it the closure of the heads over all deltas that anyone ever held. */
function pastOf(
  everything: readonly Delta[],
  heads: readonly DeltaId[],
  { checkpoint, contents }: { checkpoint: Checkpoint | undefined; contents: ReadonlyMap<DeltaId, unknown> },
): ReadonlySet<DeltaId> {
  const parents = new Map(everything.map((delta) => [delta.id, delta.parents]))
  const past = new Set<DeltaId>(contents.keys())
  const work = [...heads]
  for (let id = work.pop(); id !== undefined; id = work.pop()) {
    const known = parents.get(id)
    if (past.has(id) || known === undefined || (checkpoint !== undefined && id <= checkpoint.last)) continue
    past.add(id)
    work.push(...known)
  }
  return past
}

/** By what each delta that was written again stands for; only its own author can say so. */
function reissuedAs({ deltas: rows }: History, deltas: readonly AppliedDelta[]): ReadonlyMap<DeltaId, DeltaId> {
  const reissued = new Map<DeltaId, DeltaId>()
  for (const { delta } of deltas) {
    for (const id of delta.rewrites ?? []) {
      const row = rows.get(id)
      const first = row && decodeDelta(decodeRow<DeltaRow>('delta', row).delta)
      if (first?.author === delta.author) reissued.set(id, delta.id)
    }
  }
  return reissued
}

/** Who keeps to no rule says of what it likes that it is written again. */
function sameEventsIn(everything: readonly Delta[], { hostileDeltas }: History): Map<DeltaId, readonly DeltaId[]> {
  const families = new Map<string, DeltaId[]>()
  const same = new Map<DeltaId, readonly DeltaId[]>()
  for (const { id, author, rewrites } of everything) {
    const first = hostileDeltas.has(id) ? id : `${author} ${rewrites?.[0] ?? id}`
    const family = families.get(first) ?? []
    families.set(first, family)
    family.push(id)
    same.set(id, family)
  }
  return same
}

/** The log as the first node has it says which deltas cite a removal, directly or not. */
async function exposedTo(
  { world, scenario, setting: { shared } }: SimulationEnd,
  deltas: readonly AppliedDelta[],
): Promise<{ name: string; id: DeltaId }[]> {
  const namespace = world.get(remainingNodes(scenario)[0] ?? '').node.namespaces.get(shared.namespaceId)
  const exposed: { name: string; id: DeltaId }[] = []
  for (const name of honestNodes(scenario).filter((one) => !remainingNodes(scenario).includes(one))) {
    const account = accountOf(keysOf(name).identity.publicKey)
    const knowing = new Set<OpId>()
    // Ancestors first.
    for (const { id, parents, body } of namespace.opsNotIn([], Number.MAX_SAFE_INTEGER)) {
      if (takesFrom(body, account, shared) || parents.some((parent) => knowing.has(parent))) knowing.add(id)
    }
    const keys = await KeyRing.open(world.place(name).disk)
    for (const { delta } of deltas) {
      if (!delta.governance.some((head) => knowing.has(head))) continue
      if (keys.find(shared.groupId, delta.keyId)) exposed.push({ name, id: delta.id })
    }
  }
  return exposed
}

function unpinnedIn(
  { world, scenario, setting: { shared } }: SimulationEnd,
  {
    everything,
    deltas,
    checkpoint,
  }: Pick<Facts, 'everything' | 'deltas'> & { readonly checkpoint: Checkpoint | undefined },
): { name: string; id: DeltaId }[] {
  const remaining = remainingNodes(scenario)
  const ops = world
    .get(remaining[0] ?? '')
    .node.namespaces.get(shared.namespaceId)
    .opsNotIn([], Number.MAX_SAFE_INTEGER)
  const parents = new Map(everything.map((delta) => [delta.id, delta.parents]))
  const counting = deltas.map(({ delta }) => delta).filter(({ id }) => !checkpoint || id > checkpoint.last)
  return honestNodes(scenario)
    .filter((name) => !remaining.includes(name))
    .flatMap((name) => {
      const account = accountOf(keysOf(name).identity.publicKey)
      return unpinnedOf(account, shared, { ops, parents, counting }).map((id) => ({ name, id }))
    })
}

export function compareCanonical(a: Pick<Delta, 'id' | 'hlc'>, b: Pick<Delta, 'id' | 'hlc'>): number {
  if (a.hlc !== b.hlc) return a.hlc < b.hlc ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return value instanceof Uint8Array ? toHex(value) : value
}
