// One rule about messages, with what it has chosen and what it keeps back. It decides; who asks hands on.
import type { PeerId } from '../network.ts'
import { CHOSEN_MAX, HELD_BYTES_MAX, HELD_MESSAGES_MAX } from './limits.ts'
import type { MessageCounts, MessageFacts, MessageRule } from './message-rule.ts'
import { seededChance } from './seeded-chance.ts'

interface Held {
  readonly bytes: number
  readonly pass: () => void
}

export class MessageGate {
  readonly rule: MessageRule
  readonly #chance: () => number
  /** By id, whether it was chosen: what comes again is judged as before. */
  readonly #judged = new Map<string, boolean>()
  /** In the order in which they came. */
  readonly #held = new Set<Held>()
  #chosen = 0
  #heldBytes = 0
  #matched = 0
  #released = 0
  #dropped = 0
  #repeated = 0
  #overtaken = 0

  /** `seed`: with that of the rule in it. */
  constructor(rule: MessageRule, seed: string) {
    this.rule = rule
    this.#chance = seededChance(seed)
  }

  counts(): MessageCounts {
    return {
      chosen: this.#chosen,
      matched: this.#matched,
      held: this.#held.size,
      heldBytes: this.#heldBytes,
      released: this.#released,
      dropped: this.#dropped,
      repeated: this.#repeated,
      overtaken: this.#overtaken,
    }
  }

  /** The rule is about this message. */
  chooses(facts: MessageFacts, sender: PeerId): boolean {
    const { action, from, kinds, channel } = this.rule
    const wanted = channel ?? (action === 'hold' ? undefined : 'gossip')
    if (wanted !== undefined && wanted !== facts.channel) return false
    if (kinds !== undefined && !facts.kinds.some((kind) => kinds.includes(kind))) return false
    const writers = facts.authors.length > 0 ? facts.authors : [sender]
    if (from !== undefined && !writers.some((writer) => from.includes(writer))) return false
    const isChosen = facts.ids.map((id) => this.#judge(id)).includes(true)
    if (isChosen) this.#matched += 1
    return isChosen
  }

  /** False where no more may wait. */
  keep(held: Held): boolean {
    if (this.#held.size >= HELD_MESSAGES_MAX || this.#heldBytes + held.bytes > HELD_BYTES_MAX) {
      this.#dropped += 1
      return false
    }
    this.#held.add(held)
    this.#heldBytes += held.bytes
    return true
  }

  /** Nobody wants it any more: its room is for others. */
  giveUp(held: Held): void {
    if (this.#held.delete(held)) this.#heldBytes -= held.bytes
  }

  dropped(): void {
    this.#dropped += 1
  }

  repeated(): void {
    this.#repeated += 1
  }

  overtaken(): void {
    this.#overtaken += 1
  }

  /** The rule has ended: all that it keeps is handed on, in order. */
  release(): void {
    const kept = [...this.#held]
    this.forget()
    for (const held of kept) {
      this.#released += 1
      held.pass()
    }
  }

  /** What it keeps goes nowhere any more. */
  forget(): void {
    this.#heldBytes = 0
    this.#held.clear()
  }

  #judge(id: string): boolean {
    const known = this.#judged.get(id)
    if (known !== undefined) return known
    const { count = CHOSEN_MAX, percent = 100 } = this.rule
    if (this.#judged.size >= CHOSEN_MAX) return false
    const isChosen = this.#chosen < count && (percent >= 100 || this.#chance() * 100 < percent)
    if (isChosen) this.#chosen += 1
    this.#judged.set(id, isChosen)
    return isChosen
  }
}
