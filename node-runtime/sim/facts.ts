// What the disks and the running nodes say at the end of a run: the checkers read this and the history, nothing else.
import { type Bytes, fromUtf8, toHex, utf8 } from '../src/base/bytes.ts'
import { type DeltaId, idBytes, type RootHash } from '../src/base/ids.ts'
import { KeyRing } from '../src/context/key-ring.ts'
import { keyOf } from '../src/store/keys.ts'
import { rangeOf, type Store } from '../src/store/store.ts'
import type { ContextSummary } from '../src/testing/test-node.ts'
import { type Delta, decodeDelta, openDelta } from '../src/wire/delta.ts'
import { type DeltaRow, decodeRow, type ParkedRow } from '../src/wire/records.ts'
import type { History } from './history.ts'
import { type AppliedDelta, refold } from './refold.ts'
import { remainingNodes, type Scenario } from './scenario.ts'
import type { Setting } from './settings.ts'
import type { SimulationEnd } from './simulation.ts'

export interface NodeFacts {
  readonly name: string
  readonly publicKey: string
  readonly summary: ContextSummary
  readonly applied: ReadonlySet<DeltaId>
  /** Complete, but without effect: their author was removed. */
  readonly voids: ReadonlySet<DeltaId>
  /** What waits on its disk: for parents, for a key, for governance, for its time. */
  readonly waiting: readonly Delta[]
  readonly governance: string
  readonly governanceMissing: number
  /** Rows of kinds that must be empty at rest. */
  readonly leftovers: Readonly<Record<'handler' | 'deadLetter' | 'outbox', number>>
}

export interface Facts {
  readonly scenario: Scenario
  readonly setting: Setting
  readonly history: History
  readonly unrest: string | undefined
  readonly nodes: readonly NodeFacts[]
  /** The applied deltas of the first node, in canonical order. */
  readonly deltas: readonly AppliedDelta[]
  readonly voids: readonly Delta[]
  /** Both, in canonical order. */
  readonly graph: readonly Delta[]
  /** What the views of the first node answer. */
  readonly views: Readonly<Record<string, unknown>>
  readonly refolded: RootHash
}

const KEYS_OF_ORDER_SENSITIVE = 8

/** What it is kept under, the method, its arguments. */
type View = readonly [string, string, object]

const VIEWS: Readonly<Record<Scenario['app'], readonly View[]>> = {
  mixed: ['all_items', 'all_tags', 'get_title', 'get_note', 'hit_count', 'heard_count', 'all_heard'].map(
    (view): View => [view, view, {}],
  ),
  'order-sensitive': [
    ['log', 'log', {}],
    ...Array.from(
      { length: KEYS_OF_ORDER_SENSITIVE },
      (_, index): View => [`get k${index}`, 'get', { key: `k${index}` }],
    ),
  ],
}

/** Undefined when a node is not even there. */
export async function factsOf(end: SimulationEnd): Promise<Facts | undefined> {
  const { world, scenario, setting, history, unrest } = end
  const { contextId } = setting.shared
  const names = remainingNodes(scenario)
  if (names.some((name) => !world.nodes.get(name)?.running)) return undefined
  const nodes: NodeFacts[] = []
  for (const name of names) {
    const node = world.get(name)
    const contexts = node.node.contexts
    if (!contexts.has(contextId)) return undefined
    const namespace = node.node.namespaces.get(setting.shared.namespaceId)
    const rows = await deltaRows(node.disk, idBytes(contextId))
    nodes.push({
      name,
      publicKey: node.node.identity.publicKey,
      summary: await world.run(node.summary(contextId)),
      applied: rows.applied,
      voids: rows.voids,
      waiting: [...rows.pending, ...(await parkedRows(node.disk, idBytes(contextId)))],
      governance: namespace.heads().join(),
      governanceMissing: namespace.missing(10).length,
      leftovers: {
        handler: await count(node.disk, 'handler'),
        deadLetter: await count(node.disk, 'deadLetter'),
        outbox: await count(node.disk, 'outbox'),
      },
    })
  }
  const first = world.get(names[0] ?? '')
  const views: Record<string, unknown> = {}
  for (const [name, method, args] of VIEWS[scenario.app]) {
    const context = await world.run(first.context(contextId))
    const { value } = await world.run(context.call({ method, input: utf8(JSON.stringify(args)) }))
    views[name] = value === undefined ? undefined : JSON.parse(fromUtf8(value))
  }
  const { deltas, voids } = await completeDeltas(first.disk, setting)
  const refolded = await refold(scenario.app, setting, deltas)
  const graph = [...deltas.map(({ delta }) => delta), ...voids].sort(compareCanonical)
  return { scenario, setting, history, unrest, nodes, deltas, voids, graph, views, refolded }
}

interface Rows {
  readonly applied: Set<DeltaId>
  readonly voids: Set<DeltaId>
  readonly pending: Delta[]
}

/** The rows are too many to decode on every node: the row of an applied delta ends with the word. */
async function deltaRows(disk: Store, context: Bytes): Promise<Rows> {
  const rows: Rows = { applied: new Set(), voids: new Set(), pending: [] }
  for await (const [key, value] of disk.entries(rangeOf(keyOf('delta', context)))) {
    const id = toHex(key.subarray(key.byteLength - 32)) as DeltaId
    if (Buffer.from(value.subarray(value.byteLength - 7)).toString() === 'applied') {
      rows.applied.add(id)
      continue
    }
    const row = decodeRow<DeltaRow>('delta', value)
    if (row.status === 'pending') rows.pending.push(decodeDelta(row.delta))
    else rows.voids.add(id)
  }
  return rows
}

async function parkedRows(disk: Store, context: Bytes): Promise<Delta[]> {
  const found: Delta[] = []
  for await (const [, value] of disk.entries(rangeOf(keyOf('parked', context)))) {
    found.push(decodeDelta(decodeRow<ParkedRow>('parked delta', value).delta))
  }
  return found
}

async function completeDeltas(disk: Store, { shared }: Setting): Promise<{ deltas: AppliedDelta[]; voids: Delta[] }> {
  const keys = await KeyRing.open(disk)
  const deltas: AppliedDelta[] = []
  const voids: Delta[] = []
  for await (const [, value] of disk.entries(rangeOf(keyOf('delta', idBytes(shared.contextId))))) {
    const row = decodeRow<DeltaRow>('delta', value)
    if (row.status === 'pending') continue
    const delta = decodeDelta(row.delta)
    if (row.status !== 'applied') {
      voids.push(delta)
      continue
    }
    const key = keys.find(shared.groupId, delta.keyId)
    if (!key) throw new Error(`delta ${delta.id} is applied, but its key is not there`)
    deltas.push({ delta, payload: openDelta(delta, key) })
  }
  return { deltas: deltas.sort((a, b) => compareCanonical(a.delta, b.delta)), voids }
}

function compareCanonical(a: Delta, b: Delta): number {
  if (a.hlc !== b.hlc) return a.hlc < b.hlc ? -1 : 1
  return a.id < b.id ? -1 : 1
}

async function count(disk: Store, kind: 'handler' | 'deadLetter' | 'outbox'): Promise<number> {
  let rows = 0
  for await (const _ of disk.entries(rangeOf(keyOf(kind)))) rows += 1
  return rows
}
