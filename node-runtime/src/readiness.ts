// Whether the node is ready, as it is now: who asks reads the store's state beside it. Once it is, a lost peer or a context
// that is behind does not take it out of use: it goes on answering calls, and hands on later what it could not. It says so.
import type { Clock, HybridClock } from './base/clock.ts'
import type { PublicKey } from './base/ids.ts'
import type { Contexts } from './context/contexts.ts'
import { FUTURE_MAX_MS } from './context/limits.ts'
import type { Applications } from './context/namespaces/code/applications.ts'
import type { Namespaces } from './context/namespaces/namespaces.ts'
import type { ParkedReason } from './context/waiting/tally.ts'
import type { MeshReadyOptions, Network } from './network/network.ts'
import type { Readiness } from './server/ports.ts'
import type { StoreErrorCode } from './store/errors.ts'
import type { WatchedStore } from './store/watched-store.ts'

/** A node that has not met who it is to meet so long after its start works without them: they may be gone for good. */
export const ALONE_AFTER_MS = 120_000
/** Anybody may ask, at any rate: contexts are looked at so often. */
export const LOOK_EVERY_MS = 1_000

const WRITE_FAILURES: { readonly [code in StoreErrorCode]?: string } = {
  STORE_FULL: 'the disk is full',
  STORE_UNWRITABLE: 'the file system is read-only',
}

/** As the API names them, in words. */
const WAITED_FOR: Readonly<Record<ParkedReason, string>> = {
  parents: 'parents',
  key: 'a key',
  governance: 'governance operations',
  code: 'the code of the application',
  future: 'the time of their stamps',
  machine: 'this machine, which was too slow',
}
const PARKED_REASONS = ['parents', 'key', 'governance', 'code', 'future', 'machine'] as const

export interface ReadinessParts {
  readonly network: Pick<Network, 'meshState' | 'on'>
  readonly store: Pick<WatchedStore, 'failing'>
  readonly contexts: Pick<Contexts, 'list' | 'has' | 'opened'>
  readonly namespaces: Pick<Namespaces, 'list'>
  readonly applications: Pick<Applications, 'get' | 'lacksCode'>
  readonly clock: Clock
  /** What the node stamps its writes with. */
  readonly hlc: Pick<HybridClock, 'last'>
  readonly mesh: MeshReadyOptions
  /** Of the node's member. */
  readonly publicKey: PublicKey
}

export class NodeReadiness {
  readonly #parts: ReadinessParts
  #startedAtMs: number | undefined
  #phase: 'starting' | 'met' | 'stopping' = 'starting'
  #hadPeers = false
  #look: { readonly atMs: number; readonly reasons: readonly string[] } | undefined

  constructor(parts: ReadinessParts) {
    this.#parts = parts
    parts.network.on('peer:connect', () => {
      this.#hadPeers = true
    })
  }

  started(): void {
    this.#startedAtMs = this.#parts.clock.nowMs()
  }

  /** The mesh stood once. */
  met(): void {
    if (this.#phase === 'starting') this.#phase = 'met'
  }

  stopping(): void {
    this.#phase = 'stopping'
  }

  get now(): Readiness {
    if (this.#phase === 'stopping') return { ready: false, why: 'shutting_down' }
    const nowMs = this.#parts.clock.nowMs()
    const mesh = this.#ofNetwork()
    const others = () => [...this.#ofStore(), ...this.#ofStamps(nowMs), ...this.#ofContexts(nowMs)]
    if (this.#phase === 'met') return { ready: true, reasons: [...mesh.lacking, ...others()] }
    if (this.#startedAtMs === undefined || nowMs - this.#startedAtMs < ALONE_AFTER_MS) {
      return { ready: false, why: 'starting', reason: mesh.text }
    }
    const unmet = `network: since the start ${mesh.text}`
    return { ready: true, isUnmet: true, reasons: [unmet, ...others()] }
  }

  #ofNetwork(): { readonly text: string; readonly lacking: readonly string[] } {
    const { ready, connected, needed, greeted, subscribers } = this.#parts.network.meshState(this.#parts.mesh)
    const text = `connected to ${connected} of ${needed} nodes, ${greeted} greeted, ${subscribers} reached by gossip`
    if (!ready) return { text, lacking: [`network: ${text}`] }
    if (connected > 0 || !this.#hadPeers) return { text, lacking: [] }
    return { text, lacking: ['network: no node is connected any more'] }
  }

  /** Anybody may ask, and the error itself names the place: that is for the log. */
  #ofStore(): readonly string[] {
    const { failing } = this.#parts.store
    if (failing === undefined) return []
    const why = WRITE_FAILURES[failing] ?? 'the log says why'
    return [`store: the last write failed, ${why}: until one succeeds, nothing is stored, of others' writes either`]
  }

  /** Its clock was wrong: stamps never go back, and nobody takes one that is too far ahead. */
  #ofStamps(nowMs: number): readonly string[] {
    const lastMs = Number(this.#parts.hlc.last / 1_000_000n)
    if (lastMs - nowMs <= FUTURE_MAX_MS) return []
    const [ahead, until] = [Math.round((lastMs - nowMs) / 60_000), new Date(lastMs - FUTURE_MAX_MS).toISOString()]
    return [
      `clock: its stamps are ${ahead} min ahead of its clock, which was wrong: others park what it writes until ${until}`,
    ]
  }

  #ofContexts(nowMs: number): readonly string[] {
    const known = this.#look
    if (known && nowMs >= known.atMs && nowMs < known.atMs + LOOK_EVERY_MS) return known.reasons
    const reasons = this.#lookAtContexts()
    this.#look = { atMs: nowMs, reasons }
    return reasons
  }

  #lookAtContexts(): string[] {
    const { contexts, namespaces, applications, publicKey } = this.#parts
    const sums = {
      closed: 0,
      damaged: 0,
      outside: 0,
      behind: 0,
      held: 0,
      lacking: 0,
      ops: 0,
      codeless: 0,
      lost: 0,
    }
    const waitingFor = new Map<string, number>()
    const logs = new Map(namespaces.list().map((each) => [each.id, each]))
    for (const { id, applicationId, namespaceId } of contexts.list()) {
      if (!applications.get(applicationId)) sums.codeless += 1
      else if (applications.lacksCode(applicationId)) sums.lost += 1
      const context = contexts.opened(id)
      const waiting = context?.waiting()
      if (waiting?.rewritingError !== undefined) sums.held += 1
      if (!context || !waiting) sums.closed += 1
      // What waits in it does not come, nor what its state could be mended from.
      else if (logs.get(namespaceId)?.mayRead(id, publicKey) === false) sums.outside += 1
      else if (waiting.damaged) sums.damaged += 1
      else if (waiting.pending + waiting.parked > 0) {
        sums.behind += 1
        const add = (what: string, count: number) => waitingFor.set(what, (waitingFor.get(what) ?? 0) + count)
        add(WAITED_FOR.parents, waiting.pending)
        for (const reason of PARKED_REASONS) add(WAITED_FOR[reason], context.waitingRows.parkedFor(reason))
      }
    }
    for (const each of namespaces.list()) {
      sums.ops += each.waitingOps
      for (const id of each.state.contexts.keys()) {
        if (!contexts.has(id) && each.mayRead(id, publicKey)) sums.lacking += 1
      }
    }
    const { closed, damaged, outside, behind, held, lacking, ops, codeless, lost } = sums
    return [
      ...(codeless > 0
        ? [`applications: ${counted(codeless, 'context')} cannot be called, the application is not installed any more`]
        : []),
      ...(lost > 0
        ? [
            `applications: ${counted(lost, 'context')} cannot be called, the code is lost here; members are asked for it`,
          ]
        : []),
      ...(closed > 0 ? [`sync: ${counted(closed, 'context')} not open; the log says why`] : []),
      ...(damaged > 0
        ? [`sync: the state of ${counted(damaged, 'context')} is damaged here; members are asked for it`]
        : []),
      ...(outside > 0
        ? [`sync: nothing more comes of ${counted(outside, 'context')}: this node is no member of the group any more`]
        : []),
      ...(lacking > 0 ? [`sync: the state of ${counted(lacking, 'context')} has not arrived`] : []),
      ...(behind > 0 ? [`sync: ${counted(behind, 'context')} behind: deltas waiting ${listed(waitingFor)}`] : []),
      ...(held > 0
        ? [
            `sync: ${counted(held, 'context')} only to be read: own deltas cannot be written again, \`rewritingError\` of what waits there says why`,
          ]
        : []),
      ...(ops > 0 ? [`sync: ${counted(ops, 'operation')} of namespaces waiting for those before`] : []),
    ]
  }
}

/** Such as `for parents: 2, for a key: 1`. */
function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].flatMap(([what, count]) => (count > 0 ? [`for ${what}: ${count}`] : [])).join(', ')
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}
