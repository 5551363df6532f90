// Bytes, round trips and time to find what two sets of deltas lack of each other, beside the simplest way: name heads and
// some older ids ("locator"), get everything outside their closure.
// `node --conditions=source bench/reconcile/run.ts [--write]`
import { cpus, loadavg } from 'node:os'
import { concat, u64be } from '../../node-runtime/src/base/bytes.ts'
import { causalDifference } from '../../node-runtime/src/base/causal.ts'
import { taggedHash } from '../../node-runtime/src/base/hash.ts'
import { type ContextId, type DeltaId, idFromBytes, type PublicKey } from '../../node-runtime/src/base/ids.ts'
import { Dag, type DagNode } from '../../node-runtime/src/dag/dag.ts'
import { keysOfWants } from '../../node-runtime/src/reconcile/answer.ts'
import type { ItemKey } from '../../node-runtime/src/reconcile/item-key.ts'
import { RowSet } from '../../node-runtime/src/reconcile/item-set.fixture.ts'
import { Reconciliation } from '../../node-runtime/src/reconcile/reconciliation.ts'
import { compareSets } from '../../node-runtime/src/testing/compare-sets.ts'
import { scriptOptions } from '../../scripts/command-line.ts'
import { showReport } from '../show-report.ts'

const SIZES = [10_000, 100_000]
const DIFFERENCES = [0, 1, 10, 1_000]
const WRITERS = 3
/** Twenty deltas a second. */
const STEP_NS = 50_000_000n
/** A small sealed delta of a key-value app with its signature and one parent or two. */
const DELTA_BYTES = 600
const ID_BYTES = 34
const FRAME_BYTES = 60
const LOCATOR_RECENT = 16
const LOCATOR_PAGE = 20_000

const flags = scriptOptions('usage: node --conditions=source bench/reconcile/run.ts [--write]', {
  write: { type: 'boolean', default: false },
})
const contextId = idFromBytes<ContextId>(new Uint8Array(32))
const keyOf = ({ id }: DagNode): ItemKey => id

/** It begins with its stamp. */
function idAt(hlc: bigint, tag: string, index: number): DeltaId {
  return idFromBytes<DeltaId>(concat([u64be(hlc), taggedHash(tag, u64be(BigInt(index))).subarray(0, 24)]))
}

/** Three writers in turn; each names the newest delta of another, which it has heard of meanwhile, and its own last. */
function history(count: number): DagNode[] {
  const nodes: DagNode[] = []
  for (let index = 0; index < count; index += 1) {
    const hlc = BigInt(index + 1) * STEP_NS
    const id = idAt(hlc, 'bench', index)
    const parents = [nodes[index - WRITERS]?.id, nodes[index - 2]?.id].filter((parent) => parent !== undefined)
    const previous = nodes[index - WRITERS]?.id
    const author = idFromBytes<PublicKey>(taggedHash('author', u64be(BigInt(index % WRITERS))))
    nodes.push({ id, parents: [...new Set(parents)].sort(), hlc, author, previous, governance: [] })
  }
  return nodes
}

/** Where the deltas are that one side lacks. */
const PLACES = {
  scattered: (count: number, lacking: number) =>
    Array.from({ length: lacking }, (_, index) => Math.floor(((index + 0.5) * count) / lacking)),
  newest: (count: number, lacking: number) => Array.from({ length: lacking }, (_, index) => count - 1 - index),
}

interface Measure {
  readonly roundTrips: number
  readonly bytes: number
}

function reconciled(here: RowSet, there: RowSet, lacking: number) {
  const { rounds, bytes, found } = compareSets(here, there, { contextId })
  const all = { limit: Number.MAX_SAFE_INTEGER, visitsMax: Number.MAX_SAFE_INTEGER }
  const wanted = keysOfWants(there.view(), found.wants, all).keys
  if (wanted.length !== lacking || found.lacks.length !== 0) throw new Error('the differences found are wrong')
  const wantBytes = found.wants.length * (ID_BYTES + 16)
  return { roundTrips: rounds + (lacking > 0 ? 1 : 0), bytes: bytes + wantBytes + lacking * DELTA_BYTES }
}

/** The same by locator: the asker's graph may apply only what has all its ancestors. */
function located(all: readonly DagNode[], lacking: ReadonlySet<DeltaId>): Measure & { readonly redundant: number } {
  const there = Dag.restore(all)
  const here = Dag.restore([])
  for (const node of all) if (!lacking.has(node.id)) here.receive(node)
  const stack = all.filter(({ id }) => here.isReady(id))
  const named = new Set(here.heads())
  for (let distance = 1, step = 1, taken = 0; distance <= stack.length; distance += step) {
    named.add(stack[stack.length - distance]?.id ?? ('' as DeltaId))
    taken += 1
    if (taken >= LOCATOR_RECENT) step *= 2
  }
  const get = (id: DeltaId) => there.get(id)
  const sent = causalDifference({ heads: there.heads(), have: named, get }).length
  return {
    roundTrips: Math.max(1, Math.ceil(sent / LOCATOR_PAGE)),
    bytes: named.size * ID_BYTES + FRAME_BYTES + sent * DELTA_BYTES,
    redundant: sent - lacking.size,
  }
}

/** Processor time: other work on the machine counts less than on the clock. */
function cpuMs(work: () => unknown): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

function medianCpuMs(work: () => unknown): number {
  const times = Array.from({ length: 5 }, () => cpuMs(work)).toSorted((a, b) => a - b)
  return Math.round((times[2] ?? 0) * 10) / 10
}

const results: object[] = []
const costs: object[] = []
for (const size of SIZES) {
  const all = history(size)
  const keys = all.map(keyOf)
  const there = new RowSet(keys)
  for (const [place, indexes] of Object.entries(PLACES)) {
    for (const lacking of DIFFERENCES) {
      const gone = indexes(size, lacking).flatMap((index) => all[index] ?? [])
      const here = new RowSet(keys)
      here.change(gone.map(keyOf), false)
      const ids = new Set(gone.map(({ id }) => id))
      const compared = reconciled(here, there, lacking)
      const ms = medianCpuMs(() => compareSets(here, there, { contextId }))
      results.push({
        size,
        place,
        lacking,
        reconciled: { ...compared, bothSidesCpuMs: ms },
        located: located(all, ids),
      })
    }
  }
  costs.push(costOf(size, keys, there))
}

/** What keeping the set costs. */
function costOf(size: number, keys: readonly ItemKey[], set: RowSet): object {
  const added = Array.from({ length: 500 }, (_, index) => idAt(BigInt(size + index + 1) * STEP_NS, 'bench-new', index))
  let rows = 0
  let bytes = 0
  for (const key of added) {
    const before = new Map(set.rows)
    set.change([key], true)
    for (const [path, row] of set.rows) if (before.get(path) !== row) bytes += row.byteLength
    rows += set.written
  }
  const changing = medianCpuMs(() => {
    for (const key of added) set.change([key], false)
    for (const key of added) set.change([key], true)
  })
  const asking = medianCpuMs(() => new Reconciliation(set.read).probes())
  const stored = [...set.rows.values()].reduce((sum, row) => sum + row.byteLength, 0)
  return {
    size,
    rows: set.rows.size,
    storedBytesAnItem: Math.round(stored / keys.length),
    rowsWrittenAnItem: rows / added.length,
    bytesWrittenAnItem: Math.round(bytes / added.length),
    cpuMicrosecondsAChange: Math.round((changing * 1000) / (2 * added.length)),
    firstProbesCpuMs: asking,
  }
}

const report = {
  node: process.version,
  cpus: cpus().length,
  loadAtEnd: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  deltaBytes: DELTA_BYTES,
  results,
  costs,
}
await showReport(report, flags.write ? import.meta.dirname : undefined)
