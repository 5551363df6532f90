// The faults of nodes while a scenario runs: crashes, restarts, wrong clocks, late joiners, removals, the hostile peer.
import { utf8 } from '../../src/base/bytes.ts'
import type { ApplicationId } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import { upgradeGroup } from '../../src/context/namespaces/code/upgrades.ts'
import type { Node } from '../../src/node.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import type { TestWorld } from '../../src/testing/test-nodes.ts'
import { HostilePeer } from '../hostile/hostile-peer.ts'
import { RETRY_MS } from '../limits.ts'
import type { History } from '../record/history.ts'
import { doChore } from '../scenario/chores.ts'
import { type Fault, HOSTILE, honestNodes, remainingNodes, type Scenario, type Turn } from '../scenario/scenario.ts'
import { takeOut } from './removals.ts'
import type { Setting } from './settings.ts'

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>

/** How long a node is down that no fault says it of. */
const DOWN_MS = 100

export interface NodeFaultsParts {
  readonly scenario: Scenario
  readonly setting: Setting
  readonly history: History
  /** Nodes that can be called. */
  readonly joined: Set<string>
  readonly boot: readonly string[]
  readonly world: () => TestWorld
  readonly at: (atMs: number, act: () => void) => void
  readonly note: (what: string) => void
}

export class NodeFaults {
  readonly #parts: NodeFaultsParts
  readonly #skews = new Map<string, number>()
  readonly #downtimes = new Map<string, number>()
  readonly #removed = new Set<string>()
  /** Of who has been asked to join: asks it again. */
  readonly #joining = new Map<string, () => void>()
  /** By node and what it waits for. */
  readonly #atTurn = new Map<string, Of<'crash'>>()
  #over = false
  #isKilling = false

  constructor(parts: NodeFaultsParts) {
    this.#parts = parts
  }

  get areRemovalsLeft(): boolean {
    return this.#parts.scenario.faults.some((fault) => fault.kind === 'removal' && !this.#removed.has(fault.node))
  }

  /** Those who run something else than the log says. */
  get behindUpgrades(): readonly string[] {
    const { scenario, setting } = this.#parts
    if (!scenario.faults.some(({ kind }) => kind === 'upgrade')) return []
    const { contextId, namespaceId } = setting.shared
    return remainingNodes(scenario).filter((name) => {
      const node = this.#world.nodes.get(name)
      const namespace = node?.running ? node.node.namespaces.list().find(({ id }) => id === namespaceId) : undefined
      if (!node || !namespace) return true
      const said = namespace.state.contexts.get(contextId)?.applicationId
      return said === setting.applicationId || node.node.contexts.record(contextId)?.applicationId !== said
    })
  }

  begin(): void {
    const { scenario, at } = this.#parts
    for (const fault of scenario.faults) {
      if (fault.kind === 'skew') at(fault.atMs, () => this.#skew(fault))
      if (fault.kind === 'crash') at(fault.atMs, () => this.#crash(fault))
      if (fault.kind === 'restart') at(fault.atMs, () => this.#restart(fault))
      if (fault.kind === 'late') at(fault.atMs, () => this.#joinLate(fault))
      if (fault.kind === 'removal') at(fault.atMs, () => this.#remove(fault))
      if (fault.kind === 'rotation') at(fault.atMs, () => this.#rotate(fault))
      if (fault.kind === 'chore') at(fault.atMs, () => this.#chore(fault))
      if (fault.kind === 'upgrade') at(fault.atMs, () => this.#upgrade(fault))
      if (fault.kind === 'presence') at(fault.atMs, () => this.#show(fault))
      if (fault.kind === 'hostile') this.#startHostile(fault)
    }
  }

  /** Who is down comes back, and nobody dies any more. */
  end(): void {
    this.#over = true
    for (const name of honestNodes(this.#parts.scenario)) {
      const node = this.#world.nodes.get(name)
      if (node && !node.alive) this.#startLater(name, 1)
      else if (node) node.dieAt({ atBatch: Number.POSITIVE_INFINITY, written: false })
    }
  }

  killed(name: string): void {
    const { note, history } = this.#parts
    note(`${name} dies`)
    history.killed.set(name, (history.killed.get(name) ?? 0) + 1)
    history.toShow.died(name, this.#world.clock.nowMs())
    history.faults.add(this.#isKilling ? 'restart' : 'crash')
    this.#startLater(name, this.#over ? 1 : (this.#downtimes.get(name) ?? DOWN_MS))
  }

  turned(name: string, turn: Turn): void {
    const fault = this.#atTurn.get(`${name} ${turn}`)
    this.#atTurn.delete(`${name} ${turn}`)
    if (fault && !this.#over) this.#dieAt(fault)
  }

  get #world(): TestWorld {
    return this.#parts.world()
  }

  #skew({ node: name, skewMs, kind }: Of<'skew'>): void {
    const node = this.#world.nodes.get(name)
    if (!node) return
    this.#parts.history.faults.add(kind)
    this.#skews.set(name, skewMs)
    node.clock.skewMs = skewMs
  }

  #crash(fault: Of<'crash'>): void {
    if (fault.on) this.#atTurn.set(`${fault.node} ${fault.on}`, fault)
    else this.#dieAt(fault)
  }

  #dieAt({ node: name, batch, written, downMs }: Of<'crash'>): void {
    const node = this.#world.nodes.get(name)
    if (!node?.running) return
    this.#downtimes.set(name, downMs)
    node.dieAt({ atBatch: batch, written })
  }

  #restart({ node: name, downMs, clean, kind }: Of<'restart'>): void {
    const node = this.#world.nodes.get(name)
    if (!node?.running) return
    this.#downtimes.set(name, downMs)
    this.#parts.history.faults.add(kind)
    if (!clean) {
      this.#isKilling = true
      node.kill()
      this.#isKilling = false
      return
    }
    this.#parts.note(`${name} stops`)
    node.stop().then(
      () => this.#startLater(name, downMs),
      () => {
        // It died while it stopped, and is started for that.
      },
    )
  }

  #startLater(name: string, afterMs: number): void {
    const { boot, joined, note } = this.#parts
    this.#world.clock.setTimer(() => {
      if (this.#world.nodes.get(name)?.alive) return
      const node = this.#world.prepare(name, { boot, skewMs: this.#skews.get(name) ?? 0 })
      note(`${name} starts`)
      node.open(this.#world.addressesOf(name, { boot }), {}).then(
        // Who asked the process that has died gets no answer.
        () => joined.has(name) || this.#joining.get(name)?.(),
        (error) => {
          // A write of its start was the one to die at. Anything else is for the checkers.
          if (node.alive) this.#broken(name, error)
        },
      )
    }, afterMs)
  }

  #broken(name: string, error: unknown): void {
    const fields = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    this.#parts.history.logs.push({ name, entry: { level: 'error', message: 'broken in the simulation', fields } })
  }

  #joinLate({ node: name, via, kind, role }: Of<'late'>): void {
    const { boot, history, joined, note } = this.#parts
    history.faults.add(kind)
    const node = this.#world.prepare(name, { boot })
    const attempt = () => {
      if (joined.has(name)) return
      this.#join(name, via, role ?? 'Member').then(
        () => {
          joined.add(name)
          note(`${name} has joined`)
        },
        (error) => {
          note(`${name} has not joined: ${error instanceof Error ? error.message : String(error)}`)
          this.#world.clock.setTimer(attempt, RETRY_MS)
        },
      )
    }
    this.#joining.set(name, attempt)
    node.open(this.#world.addressesOf(name, { boot }), {}).then(attempt, (error) => {
      if (node.alive) this.#broken(name, error)
    })
  }

  async #join(name: string, via: string, role: 'Member' | 'ReadOnly'): Promise<void> {
    const { groupId, namespaceId, contextId } = this.#parts.setting.shared
    const inviter = this.#world.nodes.get(via)
    const joiner = this.#world.nodes.get(name)
    if (!inviter?.running || !joiner?.running) throw new Error('one of the two is down')
    // Who was let in and died goes on by itself.
    if (!joiner.node.namespaces.list().some(({ id }) => id === namespaceId)) {
      const invitation = inviter.node.namespaces.invite(groupId, { lifetimeSec: 3600, role })
      await joiner.node.namespaces.join(invitation)
    }
    await joiner.node.joiner.ready(joiner.node.namespaces.get(namespaceId), contextId)
  }

  /** Until it is done: who removes may be down, or die on the way. */
  #remove(fault: Of<'removal'>): void {
    const { scenario, setting, history, note } = this.#parts
    const { groupId, namespaceId } = setting.shared
    const by = this.#world.nodes.get(fault.by)
    if (by?.running) {
      const account = accountOf(keysOf(fault.node).identity.publicKey)
      if (by.node.namespaces.get(namespaceId).state.roleIn(groupId, account) === undefined) {
        note(`${fault.node} is removed`)
        history.faults.add(fault.kind)
        this.#removed.add(fault.node)
        return
      }
      const others = honestNodes(scenario).filter((name) => name !== fault.node && name !== fault.by)
      const staying = others.map((name) => accountOf(keysOf(name).identity.publicKey))
      takeOut(by.node, setting.shared, { account, staying, how: fault.how ?? 'removed' }).catch((error) =>
        note(`${fault.node} is not removed: ${String(error)}`),
      )
    }
    this.#world.clock.setTimer(() => this.#remove(fault), RETRY_MS)
  }

  #rotate({ node: name, kind }: Of<'rotation'>): void {
    const { setting, history, note } = this.#parts
    const { groupId, namespaceId } = setting.shared
    const node = this.#world.nodes.get(name)
    if (!node?.running) return
    history.faults.add(kind)
    node.node.namespaces
      .get(namespaceId)
      .rotateKey(groupId)
      .catch((error) => note(`${name} makes no key: ${String(error)}`))
  }

  #chore({ node: name, kind, chore, pick }: Of<'chore'>): void {
    const { scenario, setting, history, note } = this.#parts
    const node = this.#world.nodes.get(name)
    if (!node?.running) return
    history.faults.add(kind)
    const staying = scenario.nodes.filter((each) => remainingNodes(scenario).includes(each))
    doChore(node.node, setting.shared, { chore, pick, staying }).then(
      () => note(`${name} has done: ${chore}`),
      (error) => note(`${name} has not done: ${chore}: ${String(error)}`),
    )
  }

  /** Until it is done, by who is never removed. */
  #upgrade(fault: Of<'upgrade'>): void {
    const { setting, history, note } = this.#parts
    const { groupId, namespaceId, contextId } = setting.shared
    const node = this.#world.nodes.get(fault.node)
    if (node?.running) {
      const { state } = node.node.namespaces.get(namespaceId)
      if (state.contexts.get(contextId)?.applicationId !== setting.applicationId) {
        history.faults.add(fault.kind)
        note('the context is upgraded')
        // Where it may fail, calls follow that try it again.
        if (fault.migrates && !this.#parts.scenario.marks?.includes('failing migration')) this.#access(fault)
        return
      }
      laterOn(node.node, fault.migrates ? setting.migrating : setting.second)
        .then((applicationId) =>
          upgradeGroup(node.node, { groupId, applicationId, cascade: false, forceCodeOnly: !fault.migrates }),
        )
        .catch((error) => note(`${fault.node} does not upgrade: ${String(error)}`))
    }
    this.#world.clock.setTimer(() => this.#upgrade(fault), RETRY_MS)
  }

  /** Perhaps nobody calls it any more. */
  #access(fault: Of<'upgrade'>): void {
    const { setting, note } = this.#parts
    const { contextId, namespaceId } = setting.shared
    const node = this.#world.nodes.get(fault.node)
    if (node?.running) {
      const said = node.node.namespaces.get(namespaceId).state.contexts.get(contextId)?.applicationId
      if (node.node.contexts.record(contextId)?.applicationId === said) return
      const upgrading = node.node.contexts.get(contextId).then((context) => context.upgrade())
      upgrading.catch((error) => note(`${fault.node} does not migrate: ${String(error)}`))
    }
    this.#world.clock.setTimer(() => this.#access(fault), RETRY_MS)
  }

  #show({ node: name, shows, kind }: Of<'presence'>): void {
    const { setting, history } = this.#parts
    const node = this.#world.nodes.get(name)
    if (!node?.running) return
    history.faults.add(kind)
    history.presences.add(shows ?? '')
    history.showing.set(name, { process: node, shows })
    if (shows === null) node.node.presences.hide(setting.shared.contextId)
    else node.node.presences.set(setting.shared.contextId, utf8(shows))
  }

  #startHostile(fault: Of<'hostile'>): void {
    const { scenario, setting, history, boot, at, note } = this.#parts
    history.faults.add(fault.kind)
    const world = this.#world
    const random = seededRandom(`hostile ${scenario.seed}`)
    const hostile = new HostilePeer(
      { world, scenario, setting, fault, random, history },
      world.addressesOf(HOSTILE, { boot }),
    )
    void hostile.start()
    for (const { atMs, act } of fault.acts) {
      at(atMs, () => {
        note(`${HOSTILE} does ${act}`)
        world.during(() => hostile.act(act)).catch((error) => this.#broken(HOSTILE, error))
      })
    }
  }
}

async function laterOn(node: Node, code: Uint8Array): Promise<ApplicationId> {
  const { id: blobId } = await node.ports.blobs.put([code])
  const { id } = await node.applications.installBlob(blobId, { source: 'simulation', metadata: new Uint8Array(0) })
  return id
}
