// How long real nodes take until all hold the same: three writers of 1,000 calls each, beside Yjs over gossipsub in the
// same run.
// `npm run build && node --conditions=source bench/convergence/run.ts [--rounds 3] [--calls 1000] [--write]`
import { type ChildProcess, fork } from 'node:child_process'
import { cpus } from 'node:os'
import path from 'node:path'
import { scriptOptions, wholeNumber } from '../../scripts/command-line.ts'
import { freePort, loadNow, pause, quantile, type RealNode, RealNodes, round2, untilEqual } from '../real-nodes.ts'
import { showReport } from '../show-report.ts'
import { writeKeys } from './write-keys.ts'

const flags = scriptOptions(
  'usage: node --conditions=source bench/convergence/run.ts [--rounds 3] [--calls 1000] [--together 8] [--flag FLAG]... [--write]',
  {
    rounds: { type: 'string', default: '3' },
    calls: { type: 'string', default: '1000' },
    together: { type: 'string', default: '8' },
    /** Given to Node for each node, for example `--cpu-prof`. */
    flag: { type: 'string', multiple: true, default: [] },
    write: { type: 'boolean', default: false },
  },
  (given) => ({
    ...given,
    rounds: wholeNumber('rounds', given.rounds, 1),
    calls: wholeNumber('calls', given.calls, 1),
    together: wholeNumber('together', given.together, 1),
  }),
)
const ROUNDS = flags.rounds
const CALLS = flags.calls
const WRITERS = 3
/** Calls of one client that are under way at a time. */
const TOGETHER = flags.together
const KV_STORE = path.resolve(import.meta.dirname, '../../apps/kv-store/build/kv-store.wasm')

/** Until the last call has answered, and until all hold the same. */
interface Took {
  readonly writtenMs: number
  readonly equalMs: number
  readonly cpuMs?: number
  readonly load: number
}

async function ours(): Promise<Took> {
  const nodes = await RealNodes.open('convergence')
  try {
    const members: RealNode[] = []
    for (let index = 0; index < WRITERS; index += 1) members.push(await nodes.start(`n${index}`, flags.flag))
    const [first, ...others] = members
    if (!first) throw new Error('no nodes')
    const shared = await first.share(KV_STORE)
    for (const other of others) await first.invite(other, shared)
    await pause(1500)
    const cpu = async () =>
      (await Promise.all(members.map((node) => node.cpuMs()))).reduce((sum, each) => sum + each, 0)
    const before = await cpu()
    const startedMs = performance.now()
    const { contextId } = shared
    await Promise.all(
      members.map((node) =>
        writeKeys(node, contextId, { count: CALLS, together: TOGETHER, key: (index) => `${node.name} ${index}` }),
      ),
    )
    const writtenMs = performance.now() - startedMs
    await untilEqual(members, contextId, 5)
    const equalMs = performance.now() - startedMs
    return { writtenMs, equalMs, cpuMs: (await cpu()) - before, load: loadNow() }
  } finally {
    await nodes.close()
  }
}

/** The same over Yjs: each write is published by itself. */
async function yjs(): Promise<Took> {
  const ports = await Promise.all(Array.from({ length: WRITERS }, freePort))
  const addresses = ports.map((port) => `/ip4/127.0.0.1/tcp/${port}`)
  const children = addresses.map((own, index) => {
    const others = addresses.filter((each) => each !== own)
    return fork(path.join(import.meta.dirname, 'yjs-peer.ts'), [`n${index}`, `${CALLS}`, own, ...others])
  })
  try {
    const ready = children.map((child) => told(child, 'ready'))
    const written = children.map((child) => told(child, 'written'))
    const complete = children.map((child) => told(child, 'complete'))
    await Promise.all(ready)
    await pause(1500)
    const startedMs = performance.now()
    for (const child of children) child.send('write')
    await Promise.all(written)
    const writtenMs = performance.now() - startedMs
    await Promise.all(complete)
    return { writtenMs, equalMs: performance.now() - startedMs, load: loadNow() }
  } finally {
    for (const child of children) if (child.connected) child.disconnect()
  }
}

function told(child: ChildProcess, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message === what) resolve()
    })
    child.once('exit', (code) => reject(new Error(`a Yjs peer ended (${code}) before it was ${what}`)))
  })
}

function summary(runs: readonly Took[]) {
  const of = (pick: (run: Took) => number) => Math.round(quantile(runs.map(pick)))
  return {
    rounds: runs.length,
    writtenMs: of(({ writtenMs }) => writtenMs),
    equalMs: of(({ equalMs }) => equalMs),
    ...(runs[0]?.cpuMs === undefined ? {} : { cpuMs: of(({ cpuMs }) => cpuMs ?? 0) }),
    load: runs.map(({ load }) => load),
  }
}

const runs = { calbox: [] as Took[], yjs: [] as Took[] }
for (let round = 0; round < ROUNDS; round += 1) {
  runs.calbox.push(await ours())
  runs.yjs.push(await yjs())
  process.stderr.write(`${JSON.stringify({ calbox: runs.calbox.at(-1), yjs: runs.yjs.at(-1) })}\n`)
}
const report = {
  node: process.version,
  cpus: cpus().length,
  writers: WRITERS,
  calls: CALLS,
  calbox: summary(runs.calbox),
  yjsOverGossipsub: summary(runs.yjs),
  equalOverYjs: round2(
    quantile(runs.calbox.map(({ equalMs }, index) => equalMs / (runs.yjs[index]?.equalMs ?? Number.NaN))),
  ),
}
await showReport(report, flags.write ? import.meta.dirname : undefined)
