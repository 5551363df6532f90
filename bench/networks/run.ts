// How networks of many nodes converge: real nodes in one process on the simulated network and driven time, 1 to 5 ms a
// packet. Time until a write is everywhere, messages and bytes it takes, and the same with gossip or streams blocked.
// `node --conditions=source bench/networks/run.ts [--write] [--nodes 10,20,50]`
import { cpus, loadavg } from 'node:os'
import type { DeltaId } from '../../node-runtime/src/base/ids.ts'
import type { SimulatedOptions } from '../../node-runtime/src/network/simulated/simulated.ts'
import { seededRandom } from '../../node-runtime/src/testing/seeded-random.ts'
import {
  converge,
  joinContext,
  type SharedContext,
  shareContext,
  TestWorld,
} from '../../node-runtime/src/testing/test-nodes.ts'
import { appWasm } from '../../scripts/build-apps.ts'
import { scriptOptions, wholeNumbers } from '../../scripts/command-line.ts'
import { showReport } from '../show-report.ts'

const flags = scriptOptions(
  'usage: node --conditions=source bench/networks/run.ts [--write] [--nodes 10,20,50]',
  {
    write: { type: 'boolean', default: false },
    nodes: { type: 'string', default: '10,20,50' },
  },
  (given) => ({ ...given, nodes: wholeNumbers('nodes', given.nodes, 2) }),
)
type Packet = Parameters<NonNullable<SimulatedOptions['judge']>>[0]
type Blocked = 'nothing' | 'gossip' | 'stream'

const BLOCKED: readonly Blocked[] = ['nothing', 'gossip', 'stream']
const SINGLE_WRITES = 20
const SPACING_MS = 500
const ROUNDS = 3
const ROUND_MS = 200
const IDLE_MS = 30_000
/** Longer than any run. */
const NEVER_MS = 3_600_000

interface Traffic {
  gossip: number
  streamFrames: number
  bytes: number
}

interface Net {
  readonly world: TestWorld
  readonly shared: SharedContext
  readonly names: readonly string[]
  readonly traffic: Traffic
  /** When each delta was applied by each node but its author, by delta. */
  readonly applied: Map<DeltaId, number[]>
  blocked: Blocked
}

async function network(size: number): Promise<Net> {
  const names = Array.from({ length: size }, (_, index) => `node-${index + 1}`)
  const random = seededRandom(`delays ${size}`)
  const traffic: Traffic = { gossip: 0, streamFrames: 0, bytes: 0 }
  const applied = new Map<DeltaId, number[]>()
  const net = { blocked: 'nothing' as Blocked }
  const world = await TestWorld.open({
    seed: `networks ${size}`,
    judge: ({ kind }: Packet) => {
      const isBlocked = kind === net.blocked
      return { delayMs: isBlocked ? NEVER_MS : 1 + 4 * random.float(), lost: isBlocked && kind === 'gossip', copies: 1 }
    },
    observePacket: ({ kind, bytes }, fate) => {
      if (fate !== 'sent' || kind === 'control') return
      if (kind === 'gossip') traffic.gossip += 1
      else traffic.streamFrames += 1
      traffic.bytes += bytes
    },
    observer: {
      onEvent: (_, { deltaId }) => {
        if (deltaId) applied.set(deltaId, [...(applied.get(deltaId) ?? []), world.clock.nowMs()])
      },
    },
  })
  const [first = '', ...others] = names
  const shared = await shareContext(world, await appWasm('kv-store'), [first])
  for (const [index, name] of others.entries()) {
    await world.start(name, { boot: names.slice(0, index + 1) })
    await joinContext(world, shared, first, name)
  }
  await converge(world, shared.contextId, names)
  await world.pass(5000)
  return Object.assign(net, { world, shared, names, traffic, applied })
}

const median = (values: readonly number[], part = 0.5) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN
const round = (value: number) => Math.round(value * 10) / 10

/** Traffic of `work`, and of the same time at rest taken off where `restPerMs` is given. */
async function counted<T>({ traffic }: Net, work: () => Promise<T>): Promise<{ result: T; traffic: Traffic }> {
  const before = { ...traffic }
  const result = await work()
  return {
    result,
    traffic: {
      gossip: traffic.gossip - before.gossip,
      streamFrames: traffic.streamFrames - before.streamFrames,
      bytes: traffic.bytes - before.bytes,
    },
  }
}

const set = ({ world, shared }: Net, name: string, key: string) =>
  world.get(name).call(shared.contextId, 'set', { key, value: 'v' })

/** One write at a time, by each node in turn: until every other has applied it. */
async function singles(net: Net) {
  const { world, names, applied } = net
  const lasts: number[] = []
  const all: number[] = []
  for (let index = 0; index < SINGLE_WRITES; index += 1) {
    applied.clear()
    const startMs = world.clock.nowMs()
    await world.run(set(net, names[index % names.length] ?? '', `single-${index}`))
    const times = () => [...applied.values()].flat()
    await world.until('the write to be everywhere', () => times().length >= names.length)
    const after = times()
      .map((at) => at - startMs)
      .sort((a, b) => a - b)
    all.push(...after.slice(1))
    lasts.push(after.at(-1) ?? Number.NaN)
    await world.pass(SPACING_MS)
  }
  return {
    peerMedianMs: round(median(all)),
    peerP95Ms: round(median(all, 0.95)),
    lastPeerMedianMs: round(median(lasts)),
    lastPeerMaxMs: round(Math.max(...lasts)),
  }
}

/** Everybody writes at once, some rounds: until all hold the same. */
async function rounds(net: Net): Promise<number> {
  const { world, shared, names } = net
  for (let index = 0; index < ROUNDS; index += 1) {
    await world.run(Promise.all(names.map((name) => set(net, name, `round-${index}-${name}`))))
    if (index + 1 < ROUNDS) await world.pass(ROUND_MS)
  }
  const writtenMs = world.clock.nowMs()
  await converge(world, shared.contextId, names)
  return round(world.clock.nowMs() - writtenMs)
}

async function measure(size: number, blocked: Blocked) {
  const net = await network(size)
  const { world } = net
  const idle = await counted(net, () => world.pass(IDLE_MS))
  net.blocked = blocked
  const cpuBefore = process.cpuUsage()
  // Without gossip a single write takes seconds: the rounds show it.
  const single = blocked === 'gossip' ? undefined : await counted(net, () => singles(net))
  const startMs = world.clock.nowMs()
  const many = await counted(net, () => rounds(net))
  const tookMs = world.clock.nowMs() - startMs
  const { user, system } = process.cpuUsage(cpuBefore)
  const writes = size * ROUNDS
  net.blocked = 'nothing'
  await world.close()
  return {
    nodes: size,
    blocked,
    idlePerNodeAndSecond: perUnit(idle.traffic, (size * IDLE_MS) / 1000),
    ...(single ? { singleWrites: { ...single.result, perWrite: perUnit(single.traffic, SINGLE_WRITES) } } : {}),
    concurrentWrites: {
      writes,
      convergedAfterMs: many.result,
      overMs: round(tookMs),
      perWrite: perUnit(many.traffic, writes),
    },
    cpuSeconds: round((user + system) / 1e6),
  }
}

function perUnit({ gossip, streamFrames, bytes }: Traffic, units: number): Traffic {
  return { gossip: round(gossip / units), streamFrames: round(streamFrames / units), bytes: Math.round(bytes / units) }
}

const results: Awaited<ReturnType<typeof measure>>[] = []
for (const size of flags.nodes) {
  for (const blocked of BLOCKED) {
    const result = await measure(size, blocked)
    process.stderr.write(`${JSON.stringify(result)}\n`)
    results.push(result)
  }
}
const report = {
  node: process.version,
  cpus: cpus().length,
  loadAtEnd: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  packetDelayMs: '1 to 5',
  results,
}
await showReport(report, flags.write ? import.meta.dirname : undefined)
