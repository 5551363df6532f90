// Where no key of a group fits any more, as after two removals at once, one of its writers makes one, though nobody writes: who
// may only read shows something, too. Who removes or writes makes one at once; here it is looked later whether somebody has.
import type { Clock } from '../../../base/clock.ts'
import type { GroupId, PublicKey } from '../../../base/ids.ts'
import type { Logger } from '../../../base/log.ts'
import { KEY_MAKE_AFTER_MS, WITNESS_LAST_MS, WITNESS_STEP_MS } from '../../limits.ts'
import { mayWriteIn, type Namespace } from '../namespace.ts'

interface NextKeysParts {
  readonly clock: Clock
  readonly publicKey: PublicKey
  readonly log: Logger
}

export class NextKeys {
  readonly #parts: NextKeysParts
  readonly #timers = new Map<GroupId, () => void>()
  #closed = false

  constructor(parts: NextKeysParts) {
    this.#parts = parts
  }

  /** After its log has changed. */
  look(namespace: Namespace): void {
    for (const groupId of namespace.state.groups.keys())
      if (this.#isLacking(namespace, groupId)) this.#later(namespace, groupId)
  }

  close(): void {
    this.#closed = true
    for (const cancel of this.#timers.values()) cancel()
  }

  #isLacking({ state }: Namespace, groupId: GroupId): boolean {
    return state.fittingKeys(groupId).length === 0 && mayWriteIn(state, groupId, this.#parts.publicKey)
  }

  #later(namespace: Namespace, groupId: GroupId): void {
    if (this.#closed || this.#timers.has(groupId)) return
    const delayMs = KEY_MAKE_AFTER_MS + Math.min(this.#turnIn(namespace, groupId) * WITNESS_STEP_MS, WITNESS_LAST_MS)
    const cancel = this.#parts.clock.setTimer(() => {
      this.#timers.delete(groupId)
      if (namespace.isClosed || !this.#isLacking(namespace, groupId)) return
      namespace.renewKey(groupId).catch((error) => {
        this.#parts.log.debug({ groupId, error: String(error) }, 'no key made for the group')
      })
    }, delayMs)
    this.#timers.set(groupId, cancel)
  }

  /** One after the other: who comes later mostly finds a key made. */
  #turnIn({ state }: Namespace, groupId: GroupId): number {
    const keys = [...state.members.values()].map(({ publicKey }) => publicKey)
    return keys
      .filter((key) => mayWriteIn(state, groupId, key))
      .sort()
      .indexOf(this.#parts.publicKey)
  }
}
