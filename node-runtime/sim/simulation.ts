// One run of one scenario: starts the nodes, lets operations and faults happen, ends the faults, waits for rest, and gives
// what happened to the checkers.
import { utf8 } from '../src/base/bytes.ts'
import { type DeltaId, idBytes, type PublicKey } from '../src/base/ids.ts'
import { keyOf } from '../src/store/keys.ts'
import { seededRandom } from '../src/testing/seeded-random.ts'
import { keysOf, peerIdOf, type TestNode, type WorldObserver } from '../src/testing/test-node.ts'
import { TestWorld } from '../src/testing/test-nodes.ts'
import { decodeGossip, type HeadsBeat } from '../src/wire/gossip.ts'
import { everyone } from './generate.ts'
import { type Attempt, History } from './history.ts'
import { HostilePeer } from './hostile-peer.ts'
import { LOOK_MS, QUIET_MS, RETRY_MS, SAMPLE_MS, SETTLE_MS } from './limits.ts'
import { endOf, type Fault, HOSTILE, honestNodes, type Operation, type Scenario } from './scenario.ts'
import { type Setting, settingOf } from './settings.ts'
import { Trace } from './trace.ts'
import { Weather } from './weather.ts'

export interface SimulationEnd {
  readonly world: TestWorld
  readonly setting: Setting
  readonly scenario: Scenario
  readonly history: History
  readonly trace: Trace
  /** Why it did not come to rest; undefined when it did. */
  readonly unrest: string | undefined
  /** True time that passed. */
  readonly tookMs: number
}

/** The caller closes the world. */
export async function simulate(scenario: Scenario, trace = new Trace()): Promise<SimulationEnd> {
  const isHostileMember = scenario.faults.some((fault) => fault.kind === 'hostile' && fault.member)
  const setting = await settingOf(scenario.app, scenario.nodes, isHostileMember)
  const run = await Run.open(scenario, setting, trace)
  return run.toTheEnd()
}

class Run {
  readonly #scenario: Scenario
  readonly #setting: Setting
  readonly #history = new History()
  readonly #trace: Trace
  readonly #weather: Weather
  readonly #names: ReadonlyMap<string, string>
  readonly #boot: readonly string[]
  readonly #keys: ReadonlyMap<string, PublicKey>
  readonly #joined = new Set<string>()
  readonly #beats = new WeakSet<object>()
  readonly #skews = new Map<string, number>()
  readonly #downtimes = new Map<string, number>()
  #worldMade: TestWorld | undefined
  #startMs = 0
  #faultsOver = false
  #isKilling = false

  private constructor(scenario: Scenario, setting: Setting, trace: Trace) {
    this.#scenario = scenario
    this.#setting = setting
    this.#trace = trace
    this.#boot = everyone(scenario)
    this.#keys = new Map(this.#boot.map((name) => [name, keysOf(name).identity.publicKey]))
    this.#names = new Map(this.#boot.map((name) => [peerIdOf(name), name]))
    const peers = new Map(this.#boot.map((name) => [name, peerIdOf(name)]))
    this.#weather = new Weather(scenario, {
      clock: { nowMs: () => this.#world.clock.nowMs(), setTimer: (fn, ms) => this.#world.clock.setTimer(fn, ms) },
      random: seededRandom(`weather ${scenario.seed}`),
      peerOf: (name) => peers.get(name) ?? name,
      onFault: ({ kind }) => this.#history.faults.add(kind),
    })
  }

  static async open(scenario: Scenario, setting: Setting, trace: Trace): Promise<Run> {
    const run = new Run(scenario, setting, trace)
    const chance = seededRandom(`lag ${scenario.seed}`)
    run.#worldMade = await TestWorld.open({
      seed: `run ${scenario.seed}`,
      from: setting.saved,
      sync: scenario.sync,
      judge: (packet) => run.#weather.judge(packet),
      observePacket: (packet, fate) => run.#packet(packet, fate),
      observer: run.#observer(),
      lagMs: (of) => chance.float() * (of === 'disk' ? scenario.lag.diskMs : scenario.lag.guestMs),
    })
    return run
  }

  get #world(): TestWorld {
    if (!this.#worldMade) throw new Error('the world is not made yet')
    return this.#worldMade
  }

  async toTheEnd(): Promise<SimulationEnd> {
    const world = this.#world
    for (const name of this.#scenario.nodes) {
      await world.start(name, { boot: this.#boot })
      this.#joined.add(name)
    }
    this.#startMs = world.clock.nowMs()
    this.#weather.begin(world.network)
    for (const fault of this.#scenario.faults) this.#schedule(fault)
    for (const operation of this.#scenario.operations) this.#at(operation.atMs, () => this.#operate(operation))
    this.#sample()
    await world.pass(endOf(this.#scenario) + 1)
    this.#endFaults()
    const unrest = await this.#settle()
    return {
      world,
      scenario: this.#scenario,
      setting: this.#setting,
      history: this.#history,
      trace: this.#trace,
      unrest,
      tookMs: world.clock.nowMs() - this.#startMs,
    }
  }

  #at(atMs: number, act: () => void): void {
    this.#world.clock.setTimer(act, Math.max(0, this.#startMs + atMs - this.#world.clock.nowMs()))
  }

  #note(what: string): void {
    this.#trace.add(this.#world.clock.nowMs(), what)
  }

  // Operations

  #operate(operation: Operation): void {
    const node = this.#world.nodes.get(operation.node)
    if (!node?.running || !this.#joined.has(operation.node)) return
    const atMs = this.#world.clock.nowMs()
    const attempt: Attempt = { operation, atMs, outcome: 'open', deltaId: undefined, error: undefined }
    this.#history.attempts.push(attempt)
    const { method, args } = operation
    node.node.contexts
      .get(this.#setting.shared.contextId)
      .then((context) => context.call({ method, input: utf8(JSON.stringify(args)) }))
      .then(
        ({ deltaId }) => {
          attempt.outcome = 'acknowledged'
          attempt.deltaId = deltaId
          this.#note(`${operation.node} did ${method} ${deltaId}`)
        },
        (error) => {
          attempt.error = error instanceof Error ? error.message : String(error)
          if (node.alive) attempt.outcome = 'failed'
          this.#note(`${operation.node} failed ${method} ${attempt.error}`)
        },
      )
  }

  // Faults of nodes

  #schedule(fault: Fault): void {
    if (fault.kind === 'skew') this.#at(fault.atMs, () => this.#skew(fault))
    if (fault.kind === 'crash') this.#at(fault.atMs, () => this.#crash(fault))
    if (fault.kind === 'restart') this.#at(fault.atMs, () => this.#restart(fault))
    if (fault.kind === 'late') this.#at(fault.atMs, () => this.#joinLate(fault))
    if (fault.kind === 'hostile') this.#startHostile(fault)
  }

  #skew({ node: name, skewMs, kind }: Extract<Fault, { kind: 'skew' }>): void {
    const node = this.#world.nodes.get(name)
    if (!node) return
    this.#history.faults.add(kind)
    this.#skews.set(name, skewMs)
    node.clock.skewMs = skewMs
  }

  #crash({ node: name, batch, written, downMs }: Extract<Fault, { kind: 'crash' }>): void {
    const node = this.#world.nodes.get(name)
    if (!node?.running) return
    this.#downtimes.set(name, downMs)
    node.dieAt({ atBatch: batch, written })
  }

  #restart({ node: name, downMs, clean, kind }: Extract<Fault, { kind: 'restart' }>): void {
    const node = this.#world.nodes.get(name)
    if (!node?.running) return
    this.#downtimes.set(name, downMs)
    this.#history.faults.add(kind)
    if (!clean) {
      this.#isKilling = true
      node.kill()
      this.#isKilling = false
      return
    }
    this.#note(`${name} stops`)
    node.stop().then(
      () => this.#startLater(name, downMs),
      () => {
        // It died while it stopped, and is started for that.
      },
    )
  }

  #killed(name: string): void {
    this.#note(`${name} dies`)
    this.#history.killed.set(name, (this.#history.killed.get(name) ?? 0) + 1)
    this.#history.faults.add(this.#isKilling ? 'restart' : 'crash')
    this.#startLater(name, this.#faultsOver ? 1 : (this.#downtimes.get(name) ?? 100))
  }

  #startLater(name: string, afterMs: number): void {
    this.#world.clock.setTimer(() => {
      const current = this.#world.nodes.get(name)
      if (current?.alive) return
      const node = this.#world.prepare(name, { boot: this.#boot, skewMs: this.#skews.get(name) ?? 0 })
      this.#note(`${name} starts`)
      node.open(this.#world.addressesOf(name, { boot: this.#boot }), {}).catch((error) => {
        // A write of its start was the one to die at. Anything else is for the checkers.
        if (node.alive) this.#broken(name, error)
      })
    }, afterMs)
  }

  #broken(name: string, error: unknown): void {
    const fields = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    this.#history.logs.push({ name, entry: { level: 'error', message: 'the simulated node did not start', fields } })
  }

  #joinLate({ node: name, via, kind }: Extract<Fault, { kind: 'late' }>): void {
    this.#history.faults.add(kind)
    const node = this.#world.prepare(name, { boot: this.#boot })
    const again = () => this.#world.clock.setTimer(attempt, RETRY_MS)
    const attempt = () => {
      this.#join(name, via).then(
        () => {
          this.#joined.add(name)
          this.#note(`${name} has joined`)
        },
        (error) => {
          this.#note(`${name} has not joined: ${error instanceof Error ? error.message : String(error)}`)
          again()
        },
      )
    }
    node
      .open(this.#world.addressesOf(name, { boot: this.#boot }), {})
      .then(attempt, (error) => this.#broken(name, error))
  }

  async #join(name: string, via: string): Promise<void> {
    const { groupId, namespaceId, contextId } = this.#setting.shared
    const inviter = this.#world.nodes.get(via)
    const joiner = this.#world.nodes.get(name)
    if (!inviter?.running || !joiner?.running) throw new Error('one of the two is down')
    const invitation = inviter.node.namespaces.invite(groupId, { lifetimeSec: 3600, role: 'Member' })
    await joiner.node.namespaces.join(invitation)
    await joiner.node.joiner.ready(joiner.node.namespaces.get(namespaceId), contextId)
  }

  #startHostile(fault: Extract<Fault, { kind: 'hostile' }>): void {
    this.#history.faults.add(fault.kind)
    const parts = {
      world: this.#world,
      scenario: this.#scenario,
      setting: this.#setting,
      fault,
      random: seededRandom(`hostile ${this.#scenario.seed}`),
      history: this.#history,
    }
    const hostile = new HostilePeer(parts, this.#world.addressesOf(HOSTILE, { boot: this.#boot }))
    void hostile.start()
    for (const { atMs, act } of fault.acts) {
      this.#at(atMs, () => {
        this.#note(`${HOSTILE} does ${act}`)
        this.#world.during(() => hostile.act(act)).catch((error) => this.#broken(HOSTILE, error))
      })
    }
  }

  // The end

  #endFaults(): void {
    this.#note('faults end')
    this.#faultsOver = true
    this.#weather.calm(this.#world.network)
    for (const name of honestNodes(this.#scenario)) {
      const node = this.#world.nodes.get(name)
      if (node && !node.alive) this.#startLater(name, 1)
      else if (node) node.dieAt({ atBatch: Number.POSITIVE_INFINITY, written: false })
    }
  }

  /** Lets time pass until all hold the same and nothing has changed for a while. Returns what was still the matter. */
  async #settle(): Promise<string | undefined> {
    const world = this.#world
    const endMs = world.clock.nowMs() + SETTLE_MS
    let before = ''
    let sinceMs = world.clock.nowMs()
    for (;;) {
      await world.pass(LOOK_MS)
      const now = world.clock.nowMs()
      const state = await this.#state()
      if (state !== before || state.includes('!')) {
        before = state
        sinceMs = now
      }
      if (now - sinceMs >= QUIET_MS) return undefined
      if (now >= endMs) return state
    }
  }

  /** One line about all nodes, with `!` where something is not as it is to be. */
  async #state(): Promise<string> {
    const lines: string[] = []
    for (const name of honestNodes(this.#scenario)) {
      const node = this.#world.nodes.get(name)
      if (!node?.running || !this.#joined.has(name)) lines.push(`${name}! is not there`)
      else lines.push(await this.#stateOf(node))
    }
    const differ = new Set(lines.map((line) => line.split(' ').slice(1, 3).join())).size > 1
    return `${differ ? '! ' : ''}${lines.join(' | ')}`
  }

  async #stateOf(node: TestNode): Promise<string> {
    const context = await this.#world.run(node.context(this.#setting.shared.contextId))
    const waiting = context.waiting()
    const isBusy = waiting.handlers > 0 ? '!' : ''
    const heads = context.heads().map((id) => id.slice(0, 8))
    return `${node.name} ${heads.join('+')} ${context.root.slice(0, 8)} ${isBusy}${JSON.stringify(waiting)}`
  }

  // What is seen

  #observer(): WorldObserver {
    const lives = new Map<string, number>()
    return {
      onBatch: (name, ops) => {
        this.#trace.batch(this.#world.clock.nowMs(), name, ops)
        this.#history.batch(name, ops)
      },
      onEvent: (name, event) => {
        if (event.deltaId === undefined) return
        this.#note(`${name} shows ${event.deltaId}`)
        this.#history.show(`${name} ${lives.get(name) ?? 1}`, event.deltaId)
      },
      onLog: (name, entry) => {
        this.#note(`${name} logs ${entry.message}`)
        this.#history.logs.push({ name, entry })
      },
      onKilled: (name) => {
        lives.set(name, (lives.get(name) ?? 1) + 1)
        this.#killed(name)
      },
    }
  }

  #packet(packet: { from: string; to: string; kind: string; bytes: number; data?: Uint8Array }, fate: string): void {
    const { from, to, kind, bytes, data } = packet
    this.#note(`${this.#names.get(from)}>${this.#names.get(to)} ${kind} ${bytes} ${fate}`)
    if (data === undefined || fate !== 'sent' || this.#beats.has(data) || !isBeat(data)) return
    this.#beats.add(data)
    this.#beat(from, data)
  }

  /** A heartbeat as its author sends it. */
  #beat(from: string, data: Uint8Array): void {
    let beat: HeadsBeat
    try {
      const gossip = decodeGossip(data)
      if (gossip.t !== 'heads' || gossip.contextId !== this.#setting.shared.contextId) return
      beat = gossip
    } catch {
      // The hostile peer's.
      return
    }
    const name = this.#names.get(from)
    if (name === undefined || name === HOSTILE || beat.author !== this.#keys.get(name)) return
    this.#advertised(name, beat.heads, beat.root)
  }

  #advertised(name: string, heads: readonly DeltaId[], root: string): void {
    const { disk } = this.#world.get(name)
    const context = idBytes(this.#setting.shared.contextId)
    const unapplied = heads.filter((id) => disk.get(keyOf('delta', context, idBytes(id))) === undefined)
    this.#history.advertised.push({ name, atMs: this.#world.clock.nowMs(), heads, root, unapplied })
  }

  #sample(): void {
    for (const name of this.#joined) {
      const node = this.#world.nodes.get(name)
      if (!node?.running) continue
      node.context(this.#setting.shared.contextId).then(
        (context) => this.#advertised(name, context.heads(), context.root),
        () => {
          // It is being read again, or the node is stopping.
        },
      )
    }
    this.#world.clock.setTimer(() => this.#sample(), SAMPLE_MS)
  }
}

/** Whether a frame may be a heartbeat: decoding every frame would cost more than all else here. */
function isBeat(data: Uint8Array): boolean {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).includes('ateheads')
}
