// Whether a node answers and hears while it is busy: what `/admin-api/health` takes, and how long a delta of another
// context needs to get there, while a guest spins and while 10,000 deltas become ready by one. Idle and busy in turn.
// `npm run build && node --conditions=source bench/responsiveness/run.ts [--rounds 3] [--deltas 10000] [--write]`
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { idBytes } from '../../node-runtime/src/base/ids.ts'
import { compileGuest } from '../../node-runtime/src/runtime/testing/test-guests.ts'
import type { Delta } from '../../node-runtime/src/wire/delta.ts'
import { scriptOptions, wholeNumber } from '../../scripts/command-line.ts'
import {
  loadNow,
  pause,
  quantile,
  type RealNode,
  RealNodes,
  round1,
  round2,
  type Shared,
  until,
} from '../real-nodes.ts'
import { showReport } from '../show-report.ts'
import { Feeder } from './feeder.ts'

const flags = scriptOptions(
  'usage: node --conditions=source bench/responsiveness/run.ts [--rounds 3] [--deltas 10000] [--flag FLAG]... [--write]',
  {
    rounds: { type: 'string', default: '3' },
    deltas: { type: 'string', default: '10000' },
    /** Given to Node for the node that is measured, for example `--cpu-prof`. */
    flag: { type: 'string', multiple: true, default: [] },
    write: { type: 'boolean', default: false },
  },
  (given) => ({
    ...given,
    rounds: wholeNumber('rounds', given.rounds, 1),
    deltas: wholeNumber('deltas', given.deltas, 1),
  }),
)
const ROUNDS = flags.rounds
const DELTAS = flags.deltas
const ROOT = path.resolve(import.meta.dirname, '../..')
const KV_STORE = path.join(ROOT, 'apps/kv-store/build/kv-store.wasm')
/** Shorter than a guest may run. */
const PHASE_MS = 8000
/** Between two writes in the other context. */
const WRITE_EVERY_MS = 100

type Kind = 'idle' | 'spinning guest' | 'deltas arrive, all wait' | 'cascade'

interface Phase {
  readonly kind: Kind
  readonly round: number
  readonly fromMs: number
  toMs: number
  readonly load: number
  readonly cpuMs: number
}

type Sample = readonly [atMs: number, tookMs: number]

const now = () => performance.timeOrigin + performance.now()

/** Asks `node` for its health all the time. */
class Prober {
  readonly samples: Sample[] = []
  readonly #child: ChildProcess

  constructor(node: RealNode) {
    const url = `http://127.0.0.1:${node.httpPort}/admin-api/health`
    this.#child = fork(path.join(import.meta.dirname, 'prober.ts'), [url], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  }

  async collect(): Promise<void> {
    this.#child.send('answers')
    const ended = once(this.#child, 'exit').then(() => Promise.reject(new Error('the process that probes has ended')))
    const [answers] = (await Promise.race([once(this.#child, 'message'), ended])) as [Sample[]]
    this.samples.push(...answers)
  }

  close(): void {
    this.#child.disconnect()
  }
}

/** Writes in a context of its own, and looks on the busy node when each delta has arrived. */
class Bystander {
  readonly samples: Sample[] = []
  readonly #done: Promise<void>
  #stopped = false

  constructor(writer: RealNode, reader: RealNode, { contextId }: Shared) {
    this.#done = this.#run(writer, reader, contextId)
    this.#done.catch(() => {})
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #run(writer: RealNode, reader: RealNode, contextId: string): Promise<void> {
    for (let index = 0; !this.#stopped; index += 1) {
      const delta = await writer.call(contextId, 'set', { key: `k${index % 100}`, value: `${index}` })
      const startedMs = now()
      const route = `/admin-api/contexts/${contextId}/deltas/${delta}`
      await until(`delta ${delta} to arrive`, async () => (await reader.get(route)).state === 'applied', 5)
      this.samples.push([startedMs, now() - startedMs])
      await pause(WRITE_EVERY_MS)
    }
  }
}

class Scene {
  readonly phases: Phase[] = []
  readonly busy: RealNode
  readonly prober: Prober

  constructor(busy: RealNode) {
    this.busy = busy
    this.prober = new Prober(busy)
  }

  async during(kind: Kind, round: number, work: () => Promise<unknown>): Promise<void> {
    const cpuMs = await this.busy.cpuMs()
    const fromMs = now()
    await work()
    const toMs = now()
    this.phases.push({ kind, round, fromMs, toMs, load: loadNow(), cpuMs: (await this.busy.cpuMs()) - cpuMs })
    await this.prober.collect()
  }
}

async function waitingIn(node: RealNode, contextId: string): Promise<number> {
  return Number((await node.get(`/admin-api/contexts/${contextId}/waiting`)).pending)
}

/** All but the first: none can be applied. Not faster than they are taken. */
async function sayAllButFirst(feeder: Feeder, node: RealNode, contextId: string, deltas: readonly Delta[]) {
  let said = 0
  await feeder.say(contextId, deltas.slice(1), async () => {
    said += 100
    await until(
      'the deltas to be taken',
      async () => (await waitingIn(node, contextId)) >= Math.min(said, DELTAS) - 1000,
      20,
    )
  })
  await until('all deltas to wait', async () => (await waitingIn(node, contextId)) === DELTAS, 50)
}

async function play(nodes: RealNodes, wasm: string): Promise<{ scene: Scene; bystander: Bystander }> {
  const busy = await nodes.start('busy', flags.flag)
  const other = await nodes.start('other')
  const quiet = await other.share(KV_STORE)
  await other.invite(busy, quiet)
  const spinning = await busy.share(wasm)
  const first = await busy.share(KV_STORE)
  const contexts = [first]
  while (contexts.length < ROUNDS) contexts.push(await busy.another(first))
  const feeder = new Feeder({ networkId: nodes.id, boot: busy.address })
  const { invitation } = await busy.post(`/admin-api/namespaces/${first.namespaceId}/invite`)
  await feeder.join(
    invitation as never,
    contexts.map(({ contextId }) => contextId),
  )
  const scene = new Scene(busy)
  const bystander = new Bystander(other, busy, quiet)
  await pause(1000)
  for (const [round, { contextId }] of contexts.entries()) {
    process.stderr.write(`round ${round + 1}: writing\n`)
    const deltas = await feeder.write(contextId, DELTAS + 1, (index) => ({
      key: `k${index % 1000}`,
      value: `${index}`,
    }))
    await feeder.appear(contextId)
    await pause(2000)
    await scene.during('idle', round, () => pause(PHASE_MS))
    const spin = busy.call(spinning.contextId, 'spin').catch(() => {})
    await scene.during('spinning guest', round, () => pause(PHASE_MS))
    await spin
    await scene.during('deltas arrive, all wait', round, () => sayAllButFirst(feeder, busy, contextId, deltas))
    await scene.during('idle', round, () => pause(PHASE_MS))
    await scene.during('cascade', round, async () => {
      await feeder.say(contextId, deltas.slice(0, 1), async () => {})
      const heads = JSON.stringify(deltas.slice(-1).map(({ id }) => [...idBytes(id)]))
      const done = async () => JSON.stringify((await busy.get(`/admin-api/contexts/${contextId}`)).dagHeads) === heads
      await until('the cascade', done, 50)
    })
    process.stderr.write(`${JSON.stringify(summary(scene, bystander).filter((each) => each.rounds === round + 1))}\n`)
  }
  await feeder.close()
  await bystander.stop()
  scene.prober.close()
  return { scene, bystander }
}

function within(samples: readonly Sample[], phases: readonly Phase[]): number[] {
  return samples
    .filter(([atMs]) => phases.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs))
    .map(([, tookMs]) => tookMs)
}

function summary({ phases, prober }: Scene, { samples }: Bystander) {
  const kinds = [...new Set(phases.map(({ kind }) => kind))]
  return kinds.map((kind) => {
    const own = phases.filter((phase) => phase.kind === kind)
    const health = within(prober.samples, own)
    const arrivals = within(samples, own)
    const ratios = own.map(({ round }) => {
      const of = (each: Kind) => phases.filter((phase) => phase.round === round && phase.kind === each)
      const idle = quantile(within(prober.samples, of('idle')), 0.99)
      return quantile(within(prober.samples, of(kind)), 0.99) / idle
    })
    return {
      kind,
      rounds: new Set(own.map(({ round }) => round)).size,
      tookMs: Math.round(quantile(own.map(({ fromMs, toMs }) => toMs - fromMs))),
      cpuMs: Math.round(quantile(own.map(({ cpuMs }) => cpuMs))),
      load: quantile(own.map(({ load }) => load)),
      health: {
        answers: health.length,
        p50Ms: round2(quantile(health)),
        p99Ms: round1(quantile(health, 0.99)),
        maxMs: round1(Math.max(...health)),
        p99OverIdle: { median: round2(quantile(ratios)), of: ratios.map(round2) },
      },
      otherContext: {
        deltas: arrivals.length,
        p50Ms: round1(quantile(arrivals)),
        maxMs: round1(Math.max(...arrivals)),
      },
    }
  })
}

const folder = await mkdtemp(path.join(tmpdir(), 'calbox-spin-'))
const nodes = await RealNodes.open('busy')
try {
  const wasm = path.join(folder, 'probe.wasm')
  await writeFile(wasm, (await compileGuest('probe')).bytes)
  const loadAtStart = loadNow()
  const { scene, bystander } = await play(nodes, wasm)
  const report = {
    node: process.version,
    cpus: cpus().length,
    loadAtStart,
    deltas: DELTAS,
    rounds: ROUNDS,
    results: summary(scene, bystander),
  }
  await showReport(report, flags.write ? import.meta.dirname : undefined)
} catch (error) {
  process.stderr.write(`${error}\n${(await nodes.logOf('busy')).slice(-2000)}\n`)
  throw error
} finally {
  await nodes.close()
  await rm(folder, { recursive: true, force: true })
}
