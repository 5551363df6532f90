// One run of one scenario: starts the nodes, lets operations and faults happen, ends the faults, waits for rest, and gives
// what happened to the checkers.
import { EMPTY, toHex } from '../../src/base/bytes.ts'
import type { DeltaId, PublicKey } from '../../src/base/ids.ts'
import type { Context } from '../../src/context/context.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { keysOf, peerIdOf, type TestNode, type WorldObserver } from '../../src/testing/test-node.ts'
import { TestWorld } from '../../src/testing/test-nodes.ts'
import { decodeGossip, type HeadsBeat } from '../../src/wire/gossip.ts'
import { pryOnceRemoved } from '../hostile/removed.ts'
import { LOOK_MS, PASS_MS, QUIET_MS, SAMPLE_MS, SETTLE_MS } from '../limits.ts'
import { History } from '../record/history.ts'
import { presencesOn } from '../record/presences.ts'
import { Trace } from '../record/trace.ts'
import { everyone } from '../scenario/generate.ts'
import { endOf, HOSTILE, remainingNodes, removersOf, type Scenario } from '../scenario/scenario.ts'
import { Calling } from './calling.ts'
import { NodeFaults, type NodeFaultsParts } from './node-faults.ts'
import { takeAwayAgain } from './obstacles.ts'
import { type Setting, settingOf } from './settings.ts'
import { Stumbles } from './stumbles.ts'
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

/** Of what is waited for at the end. */
const DIFFERENT = 'they differ'

interface Said extends Pick<Context, 'heads' | 'root'> {
  /** It says that some of what it has is still to be judged. */
  readonly isRevising: boolean
}

/** The caller closes the world. */
export async function simulate(scenario: Scenario, trace = new Trace()): Promise<SimulationEnd> {
  const isHostileMember = scenario.faults.some((fault) => fault.kind === 'hostile' && fault.member)
  const isInherited = scenario.faults.some((fault) => fault.kind === 'removal' && fault.how !== undefined)
  const setting = await settingOf(scenario.app, scenario.nodes, {
    isHostileMember,
    isInherited,
    admins: removersOf(scenario),
  })
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
  readonly #parts: Omit<NodeFaultsParts, 'boot'>
  readonly #faults: NodeFaults
  readonly #calling: Calling
  /** Messages: each is sent many times. */
  readonly #looked = new WeakSet<object>()
  #worldMade: TestWorld | undefined
  #startMs = 0

  private constructor(scenario: Scenario, setting: Setting, trace: Trace) {
    this.#scenario = scenario
    this.#setting = setting
    this.#trace = trace
    this.#boot = everyone(scenario)
    this.#parts = {
      scenario,
      setting,
      history: this.#history,
      joined: this.#joined,
      world: () => this.#world,
      at: (atMs: number, act: () => void) => this.#at(atMs, act),
      note: (what: string) => this.#note(what),
    }
    this.#faults = new NodeFaults({ ...this.#parts, boot: this.#boot })
    this.#calling = new Calling(this.#parts)
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
    const stumbles = new Stumbles(scenario, {
      random: seededRandom(`stumbles ${scenario.seed}`),
      nowMs: () => run.#world.clock.nowMs() - run.#startMs,
      onStumble: (name) => run.#stumbled(name),
    })
    run.#worldMade = await TestWorld.open({
      seed: `run ${scenario.seed}`,
      from: setting.saved,
      sync: scenario.sync,
      retention: { ...scenario.retention, ...(scenario.slice === undefined ? {} : { revisionMax: scenario.slice }) },
      judge: (packet) => run.#weather.judge(packet),
      observePacket: (packet, fate) => run.#packet(packet, fate),
      observer: run.#observer(),
      isTooSlow: (name) => run.#startMs > 0 && stumbles.isTooSlow(name),
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
    this.#faults.begin()
    this.#calling.begin()
    this.#sample()
    for (let leftMs = endOf(this.#scenario) + 1; leftMs > 0; leftMs -= PASS_MS)
      await world.pass(Math.min(leftMs, PASS_MS))
    this.#endFaults()
    const [scenario, setting, history] = [this.#scenario, this.#setting, this.#history]
    let unrest = await this.#settle()
    if (unrest === undefined) {
      await pryOnceRemoved({ world, scenario, setting, history })
      // That takes a while, in which somebody may have begun to prune.
      if ((await this.#state()).includes('!')) unrest = await this.#settle()
    }
    return {
      world,
      scenario,
      setting,
      history,
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

  #stumbled(name: string): void {
    this.#history.faults.add('stumble')
    this.#note(`a guest takes ${name} too long`)
  }

  #endFaults(): void {
    this.#note('faults end')
    this.#weather.calm(this.#world.network)
    this.#faults.end()
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
      if (state !== before) {
        before = state
        sinceMs = now
      }
      const isStill = now - sinceMs >= QUIET_MS
      if (isStill && !state.includes('!')) return undefined
      if (now >= endMs) return state
      if (isStill && !state.includes(DIFFERENT)) await this.#unblock()
    }
  }

  /** One line about all nodes, with `!` where something is not as it is to be. */
  async #state(): Promise<string> {
    const lines: string[] = []
    for (const name of remainingNodes(this.#scenario)) {
      const node = this.#world.nodes.get(name)
      if (!node?.running || !this.#joined.has(name)) lines.push(`${name}! is not there`)
      else lines.push(await this.#stateOf(node))
    }
    const differ = new Set(lines.map((line) => line.split(' ').slice(1, 4).join())).size > 1
    const awaited = [
      ...(differ ? [DIFFERENT] : []),
      ...(this.#faults.areRemovalsLeft ? ['somebody is not removed'] : []),
      ...this.#faults.behindUpgrades.map((name) => `${name} is not upgraded`),
      ...(this.#isUnseen() ? ['what somebody shows is not seen'] : []),
    ]
    return `${awaited.length > 0 ? `! ${awaited.join(', ')}: ` : ''}${lines.join(' | ')}`
  }

  /** All have the same, and it keeps somebody from an upgrade. */
  async #unblock(): Promise<void> {
    const [name] = this.#faults.behindUpgrades
    if (name === undefined || this.#faults.areRemovalsLeft) return
    const atMs = this.#world.clock.nowMs() - this.#startMs
    await takeAwayAgain({ ...this.#parts, calling: this.#calling }, { name, atMs })
  }

  /** Something that is shown, by whoever's clock is right, is not seen by another: keys come with a round, which may be half a minute. */
  #isUnseen(): boolean {
    const skewed = new Set(this.#scenario.faults.flatMap((fault) => (fault.kind === 'skew' ? [fault.node] : [])))
    const right = remainingNodes(this.#scenario).flatMap((name) => this.#world.nodes.get(name) ?? [])
    const { contextId } = this.#setting.shared
    const seen = right
      .filter(({ name }) => !skewed.has(name))
      .map((node) => ({ node, of: presencesOn(node, contextId) }))
    return seen.some(({ node }) => {
      const shown = this.#history.showing.get(node.name)
      const author = this.#keys.get(node.name)
      if (shown?.process !== node || shown.shows === null || author === undefined) return false
      return seen.some(({ of }) => of.get(author) !== shown.shows)
    })
  }

  async #stateOf(node: TestNode): Promise<string> {
    const context = await this.#world.run(node.context(this.#setting.shared.contextId))
    const waiting = context.waiting()
    const isBusy = waiting.handlers > 0 || waiting.rewriting ? '!' : ''
    const heads = context.heads().map((id) => id.slice(0, 8))
    return `${node.name} ${heads.join('+')} ${context.root.slice(0, 8)} ${toHex(context.beneath ?? EMPTY).slice(0, 8)} ${isBusy}${JSON.stringify(waiting)}`
  }

  #observer(): WorldObserver {
    const lives = new Map<string, number>()
    return {
      onBatch: (name, ops) => {
        this.#trace.batch(this.#world.clock.nowMs(), name, ops)
        for (const turn of this.#history.batch(name, ops, this.#world.clock.nowMs())) {
          this.#faults.turned(name, turn)
          // Half-way it may say what its disk does not have.
          if (turn === 'judging') this.#sampleOf(name)
        }
      },
      onEvent: (name, event) => {
        const { deltaId, events } = event
        if (deltaId === undefined) return
        this.#note(`${name} shows ${deltaId}`)
        this.#history.show(name, `${name} ${lives.get(name) ?? 1}`, { deltaId, events })
      },
      onLog: (name, entry) => {
        this.#note(`${name} logs ${entry.message}`)
        this.#history.logs.push({ name, entry })
      },
      onKilled: (name) => {
        lives.set(name, (lives.get(name) ?? 1) + 1)
        this.#faults.killed(name)
      },
    }
  }

  #packet(packet: { from: string; to: string; kind: string; bytes: number; data?: Uint8Array }, fate: string): void {
    const { from, to, kind, bytes, data } = packet
    this.#note(`${this.#names.get(from)}>${this.#names.get(to)} ${kind} ${bytes} ${fate}`)
    if (data === undefined || fate !== 'sent' || this.#looked.has(data)) return
    this.#looked.add(data)
    if (isBeat(data)) this.#beat(from, data)
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
    this.#sent(name, beat)
    const { removals, root, checkpoint } = beat
    this.#advertised(
      name,
      { heads: () => [...beat.heads], root, isRevising: false },
      `${toHex(removals)} ${toHex(checkpoint ?? EMPTY)}`,
    )
  }

  #sent(name: string, beat: HeadsBeat): void {
    const node = this.#world.nodes.get(name)
    if (!node?.running) return
    node.context(this.#setting.shared.contextId).then(
      (context) => this.#history.sent(name, beat, { node, beats: context.beats() }),
      () => {
        // It is being read again, or the node is stopping.
      },
    )
  }

  #advertised(name: string, said: Said, judged: string | undefined): void {
    const heads = said.heads()
    // Whoever took a peer's state holds what it never applied.
    const isWhole = !this.#history.adoptions.has(name)
    const statuses = this.#history.statuses.get(name)
    // Who says that some is still to be judged says what it holds, and signs nothing.
    const isThere = (id: DeltaId) =>
      said.isRevising ? statuses?.has(id) : (statuses?.get(id) ?? 'waiting') !== 'waiting'
    const unapplied = isWhole ? heads.filter((id) => !isThere(id)) : []
    this.#history.advertised.push({ name, atMs: this.#world.clock.nowMs(), heads, root: said.root, judged, unapplied })
  }

  #sample(): void {
    for (const name of this.#joined) this.#sampleOf(name)
    this.#world.clock.setTimer(() => this.#sample(), SAMPLE_MS)
  }

  #sampleOf(name: string): void {
    const node = this.#world.nodes.get(name)
    if (!node?.running) return
    node.context(this.#setting.shared.contextId).then(
      (context) => {
        const { revising: isRevising } = context.waiting()
        this.#advertised(name, { heads: () => context.heads(), root: context.root, isRevising }, undefined)
      },
      () => {
        // It is being read again, or the node is stopping.
      },
    )
  }
}

/** Whether a frame may be a heartbeat: decoding every frame would cost more than all else here. */
function isBeat(data: Uint8Array): boolean {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).includes('ateheads')
}
