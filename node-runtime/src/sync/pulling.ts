// The asking side: one kind of pull a function, and the rule that a topic is pulled from a peer once at a time.
import type { GroupId, OpId } from '../base/ids.ts'
import type { PeerId } from '../network/network.ts'
import type { Invitation } from '../wire/invitation.ts'
import { HEADS_MAX, KEYS_WANTED_MAX, OP_BYTES_MAX, OPS_WITH_KEYS_MAX } from '../wire/limits.ts'
import { decodeOp, encodeOp, type SignedOp } from '../wire/op.ts'
import { ask, itemsOf, type Source } from './conversation.ts'
import { SyncError } from './errors.ts'
import { WORTHLESS_BYTES_MAX } from './limits.ts'
import type { PulledKeys, PulledLog } from './ports.ts'
import { Worth } from './worth.ts'

/** Of what came ancestors first, that which no other names as its parent. */
class Tips {
  readonly #ids = new Set<OpId>()
  readonly #seen = new Set<OpId>()

  /** False: it came before. */
  add({ id, parents }: Pick<SignedOp, 'id' | 'parents'>): boolean {
    if (this.#seen.has(id)) return false
    for (const parent of parents) this.#ids.delete(parent)
    this.#ids.add(id)
    this.#seen.add(id)
    return true
  }

  ids(): OpId[] {
    return [...this.#ids]
  }
}

/**
 * Returns how many operations are new here. Only those that the log takes, or has, count as brought: what it refuses is not kept in
 * memory, gives the peer no more time, and is not asked to be continued.
 */
export async function pullOps(source: Source, namespace: PulledLog, invitation?: Invitation): Promise<number> {
  const worth = new Worth(source.onBytes, WORTHLESS_BYTES_MAX)
  const onBytes = (count: number) => worth.came(count)
  const sent = new Tips()
  let accepted = 0
  for (let more = true; more; ) {
    more = false
    let hasBrought = false
    const have = [...new Set([...sent.ids(), ...namespace.heads()])].slice(0, HEADS_MAX).sort()
    const request = { t: 'ops' as const, namespaceId: namespace.id, have }
    const asked = { ...source, onBytes, request: invitation ? { ...request, invitation } : request }
    const frames = ask(asked, (end) => {
      more = end.more
    })
    for await (const items of itemsOf(frames, OP_BYTES_MAX)) {
      const ops = items.map(decodeOp)
      accepted += await namespace.receive(ops, source.peer)
      const brought = ops.filter(({ id }) => namespace.holds(id)).filter((op) => sent.add(op))
      worth.judge(brought.length > 0)
      hasBrought ||= brought.length > 0
    }
    if (!hasBrought) more = false
  }
  return accepted
}

/**
 * Asks for what is lacking, what is needed first; for the others only as long as some come, and the peer has its time as long as
 * each frame brings one. Returns how many keys are new. Throws SyncError when the peer has none for us.
 */
export async function pullKeys(source: Source, namespace: PulledKeys, groupId: GroupId): Promise<number> {
  const worth = new Worth(source.onBytes, WORTHLESS_BYTES_MAX)
  const onBytes = (count: number) => worth.came(count)
  const { needed, others } = namespace.keysLacking(groupId)
  const all = [...needed, ...others]
  const facts = { t: 'keys' as const, namespaceId: namespace.id, groupId }
  let ops = namespace.newestOps(OPS_WITH_KEYS_MAX).map(encodeOp)
  let added = 0
  for (let at = 0; at < all.length; at += KEYS_WANTED_MAX) {
    const before = added
    const request = { ...facts, ops, wanted: all.slice(at, at + KEYS_WANTED_MAX).sort() }
    for await (const items of itemsOf(ask({ ...source, onBytes, request }), OP_BYTES_MAX)) {
      const count = await namespace.receiveKeys(groupId, items)
      worth.judge(count > 0)
      added += count
    }
    if (added === before && at + KEYS_WANTED_MAX >= needed.length) break
    ops = []
  }
  return added
}

/**
 * Tries peers one after another; the next is tried as well when one has no outcome yet and patience is over, and those under way go
 * on until one has succeeded. `patience` calls back when it is over, and returns what stops that. Throws SYNC_NO_PEER with every
 * failure when none succeeds.
 */
export function firstInTurn<T>(
  what: string,
  peers: readonly PeerId[],
  { attempt, patience }: { attempt: (peer: PeerId) => Promise<T>; patience: (next: () => void) => () => void },
): Promise<T> {
  const failures: string[] = []
  let started = 0
  let cancel = () => {}
  return new Promise<T>((resolve, reject) => {
    const next = () => {
      cancel()
      const peer = peers[started]
      if (peer === undefined) {
        if (failures.length === peers.length) reject(nobody(what, failures))
        return
      }
      started += 1
      cancel = patience(next)
      attempt(peer).then(resolve, (error) => {
        failures.push(failureOf(peer, error))
        next()
      })
    }
    next()
  }).finally(() => {
    started = peers.length
    cancel()
  })
}

export function failureOf(peer: PeerId, error: unknown): string {
  return `${peer}: ${error instanceof Error ? error.message : String(error)}`
}

export function nobody(what: string, failures: readonly string[]): SyncError {
  const seen = failures.length === 0 ? 'no member is connected' : failures.join('; ')
  return new SyncError('SYNC_NO_PEER', `no connected member gave ${what}: ${seen}`, { data: { failures } })
}
