// What a delta costs to apply, one after the other and in a cascade, by how many there are; what the graph alone costs;
// and what applied deltas take in memory. Processor time of the thread: others on the machine disturb little.
// `node --conditions=source bench/deltas/run.ts [--sizes 1000,10000,100000] [--write]`
import { mkdtemp } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { scriptOptions, wholeNumbers } from '../../scripts/command-line.ts'
import { loadNow, quantile, round2 } from '../real-nodes.ts'
import { showReport } from '../show-report.ts'
import { measureGraph } from './graph.ts'
import { decode, type History, openReader, remove, writeHistories } from './receiver.ts'
import { type Metered, metered } from './turn-meter.ts'

const flags = scriptOptions(
  'usage: node --conditions=source bench/deltas/run.ts [--sizes 1000,10000,100000] [--write]',
  {
    sizes: { type: 'string', default: '1000,10000,100000' },
    write: { type: 'boolean', default: false },
  },
  (given) => ({ ...given, sizes: wholeNumbers('sizes', given.sizes, 1) }),
)
const SIZES = flags.sizes
/** As gossip and pulls bring them. */
const BATCH = 100
/** The most that may wait for parents. */
const CASCADE_MAX = 10_000
const WINDOW = 1000
const MEMORY_DELTAS = 1000
const MEMORY_VALUE_BYTES = 5 * 1024
/** History before what is counted: code is compiled, caches are filled. */
const WARM_UP = 2000

const small = (index: number) => ({ key: `key ${(index * 7919) % 1000}`, value: `value ${index}` })
const large = (index: number) => ({ key: `key ${index}`, value: 'x'.repeat(MEMORY_VALUE_BYTES) })

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function memoryMiB(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1024 / 1024
}

type Reader = Awaited<ReturnType<typeof openReader>>

/** One after the other, in batches. The cost of each window of 1,000. */
async function applyAll(reader: Reader, { contextId, deltas }: History): Promise<Metered[]> {
  const context = await reader.contexts.get(contextId)
  const windows: Metered[] = []
  for (let from = 0; from < deltas.length; from += WINDOW) {
    const batches: ReturnType<typeof decode>[] = []
    const to = Math.min(deltas.length, from + WINDOW)
    for (let at = from; at < to; at += BATCH) batches.push(decode(deltas.slice(at, Math.min(to, at + BATCH))))
    windows.push(
      await metered(async () => {
        for (const batch of batches) await context.receive(batch)
      }),
    )
  }
  return windows
}

/** All but the first, then the first. `before`: how many are applied as usual beforehand. */
async function cascade(reader: Reader, { contextId, deltas }: History, before: number) {
  const context = await reader.contexts.get(contextId)
  for (let at = 0; at < before; at += BATCH) {
    await context.receive(decode(deltas.slice(at, Math.min(before, at + BATCH))))
  }
  const rest = deltas.slice(before + 1)
  const wait = await metered(async () => {
    for (let at = 0; at < rest.length; at += BATCH) await context.receive(decode(rest.slice(at, at + BATCH)))
  })
  const first = decode(deltas.slice(before, before + 1))
  const apply = await metered(() => context.receive(first))
  const { pending } = context.waiting()
  if (pending !== 0) throw new Error(`${pending} deltas still wait after the cascade`)
  return { wait, apply, count: rest.length + 1 }
}

/** Timers of nodes keep no process alive. */
const alive = setInterval(() => {}, 1000)
const folder = await mkdtemp(path.join(tmpdir(), 'calbox-deltas-'))
try {
  const loadAtStart = loadNow()
  const history = (name: string, count: number) => ({ name, count, input: small })
  const written = await writeHistories(folder, [
    history('warm-up', WARM_UP),
    { name: 'memory', count: MEMORY_DELTAS, input: large },
    ...SIZES.map((size) => history(`apply ${size}`, size)),
    // What 100,000 are in a cascade: as many as may wait, on a history of the rest.
    ...SIZES.map((size) => history(`cascade ${size}`, size)),
  ])
  process.stderr.write(`${written.length} histories written\n`)
  const named = (name: string): History => {
    const found = written.find((each) => each.name === name)
    if (!found) throw new Error(`no history ${name}`)
    return found
  }
  const reader = await openReader(folder)
  await applyAll(reader, named('warm-up'))
  const before = memoryMiB()
  await applyAll(reader, named('memory'))
  const memory = { deltas: MEMORY_DELTAS, valueBytes: MEMORY_VALUE_BYTES, grewMiB: round2(memoryMiB() - before) }
  const applied = []
  for (const size of SIZES) {
    const heapBefore = memoryMiB()
    const windows = await applyAll(reader, named(`apply ${size}`))
    // The end of it is what a delta costs with so many before it.
    const last = windows.slice(-Math.max(1, Math.min(10, windows.length / 2)))
    const usPerDelta = quantile(last.map(({ cpuMs }) => (1000 * cpuMs) / WINDOW))
    applied.push({
      deltas: size,
      usPerDelta: Math.round(usPerDelta),
      heapBytesPerDelta: Math.round(((memoryMiB() - heapBefore) * 1024 * 1024) / size),
    })
    process.stderr.write(`${JSON.stringify(applied.at(-1))}\n`)
  }
  const cascades = []
  for (const size of SIZES) {
    const { wait, apply, count } = await cascade(reader, named(`cascade ${size}`), Math.max(0, size - CASCADE_MAX))
    cascades.push({
      deltas: size,
      inCascade: count,
      waitUsPerDelta: Math.round((1000 * wait.cpuMs) / count),
      applyUsPerDelta: Math.round((1000 * apply.cpuMs) / count),
      wait,
      apply,
    })
    process.stderr.write(`${JSON.stringify(cascades.at(-1))}\n`)
  }
  await reader.close()
  const over = (values: readonly number[]) => values.map((value) => round2(value / (values[0] ?? Number.NaN)))
  const report = {
    node: process.version,
    cpus: cpus().length,
    loadAtStart,
    loadAtEnd: loadNow(),
    applied,
    appliedOverFirst: over(applied.map(({ usPerDelta }) => usPerDelta)),
    cascades,
    cascadesOverFirst: over(cascades.map(({ applyUsPerDelta }) => applyUsPerDelta)),
    graph: measureGraph(),
    memory,
  }
  await showReport(report, flags.write ? import.meta.dirname : undefined)
} finally {
  clearInterval(alive)
  await remove(folder)
}
