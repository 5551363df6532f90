// One rule about messages, with what it has chosen and what it keeps back. It decides; who asks hands on.
import type { PeerId } from '../network.ts'
import { CHOSEN_MAX, HELD_BYTES_MAX, HELD_MESSAGES_MAX } from './limits.ts'
import type { MessageCounts, MessageFacts, MessageRule } from './message-rule.ts'
import { seededChance } from './seeded-chance.ts'

interface Held {
  readonly bytes: number
  /** False: nobody wants it any more. */
  readonly pass: () => boolean
}

export class MessageGate {
  readonly rule: MessageRule
  readonly #chance: () => number
  /** By id, whether it was chosen: what comes again is judged as before. */
  readonly #judged = new Map<string, boolean>()
  readonly #held: Held[] = []
  #chosen = 0
  #heldBytes = 0
  #matched = 0
  #released = 0
  #dropped = 0
  #repeated = 0
  #overtaken = 0

  constructor(rule: MessageRule, seed: string) {
    this.rule = rule
    this.#chance = seededChance(rule.seed ?? seed)
  }

  counts(): MessageCounts {
    return {
      chosen: this.#chosen,
      matched: this.#matched,
      held: this.#held.length,
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
    if (this.#held.length >= HELD_MESSAGES_MAX || this.#heldBytes + held.bytes > HELD_BYTES_MAX) {
      this.#dropped += 1
      return false
    }
    this.#held.push(held)
    this.#heldBytes += held.bytes
    return true
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
    this.#heldBytes = 0
    for (const held of this.#held.splice(0)) if (held.pass()) this.#released += 1
  }

  /** What it keeps goes nowhere any more. */
  forget(): void {
    this.#heldBytes = 0
    this.#held.length = 0
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
