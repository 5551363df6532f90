// How long a real node takes that joins a context of 10,000 deltas, and one of 100,000, until it holds what the members hold; and
// one that is killed half-way and started again.
// `npm run build && node --conditions=source bench/convergence/late.ts [--deltas 10000,100000] [--write]`
import { cpus } from 'node:os'
import path from 'node:path'
import { scriptOptions, wholeNumber } from '../../scripts/command-line.ts'
import { loadNow, pause, type RealNode, RealNodes, type Shared, untilEqual } from '../real-nodes.ts'
import { showReport } from '../show-report.ts'
import { writeKeys } from './write-keys.ts'

const flags = scriptOptions(
  'usage: node --conditions=source bench/convergence/late.ts [--deltas 10000,100000] [--write]',
  { deltas: { type: 'string', default: '10000,100000' }, write: { type: 'boolean', default: false } },
  (given) => ({ ...given, deltas: given.deltas.split(',').map((each) => wholeNumber('deltas', each, 2)) }),
)
const KV_STORE = path.resolve(import.meta.dirname, '../../apps/kv-store/build/kv-store.wasm')
const KEYS = 1000
const TOGETHER = 8
/** What was written last is pruned by then, where it is going to be. */
const SETTLED_MS = 8000

interface Joined {
  readonly joinedMs: number
  readonly cpuMs: number
  readonly load: number
}

/** Two members have written all of it; one after the other joins. */
async function joiners(deltas: number) {
  const nodes = await RealNodes.open('late')
  try {
    const [first, second] = [await nodes.start('first'), await nodes.start('second')]
    const shared = await first.share(KV_STORE)
    await first.invite(second, shared)
    const key = (index: number) => `key ${index % KEYS}`
    const half = { count: deltas / 2, together: TOGETHER, key }
    const startedMs = performance.now()
    await Promise.all([first, second].map((node) => writeKeys(node, shared.contextId, half)))
    await untilEqual([first, second], shared.contextId)
    const writtenMs = Math.round(performance.now() - startedMs)
    await pause(SETTLED_MS)
    const whole = await join(first, await nodes.start('late'), shared)
    const killed = await killedHalfWay(nodes, first, shared, whole.joinedMs)
    return { deltas, writtenMs, whole, killedHalfWay: killed }
  } finally {
    await nodes.close()
  }
}

async function join(first: RealNode, late: RealNode, shared: Shared): Promise<Joined> {
  await pause(1500)
  const before = await late.cpuMs()
  const startedMs = performance.now()
  await first.invite(late, shared)
  await untilEqual([first, late], shared.contextId, 10)
  const joinedMs = Math.round(performance.now() - startedMs)
  return { joinedMs, cpuMs: (await late.cpuMs()) - before, load: loadNow() }
}

/** From its second start until it holds the same. */
async function killedHalfWay(nodes: RealNodes, first: RealNode, shared: Shared, wholeMs: number): Promise<Joined> {
  const once = await nodes.start('killed')
  await pause(1500)
  // It is told to join, and is gone before it can answer.
  const joining = first.invite(once, shared).catch(() => undefined)
  await pause(wholeMs / 2)
  once.child.kill('SIGKILL')
  await Promise.all([joining, once.end()])
  const startedMs = performance.now()
  const again = await nodes.start('killed')
  await untilEqual([first, again], shared.contextId, 10)
  return { joinedMs: Math.round(performance.now() - startedMs), cpuMs: await again.cpuMs(), load: loadNow() }
}

const report = { node: process.version, cpus: cpus().length, joiners: [] as Awaited<ReturnType<typeof joiners>>[] }
for (const deltas of flags.deltas) {
  report.joiners.push(await joiners(deltas))
  process.stderr.write(`${JSON.stringify(report.joiners.at(-1))}\n`)
}
await showReport(report, flags.write ? import.meta.dirname : undefined, 'late.json')
