// The rules about messages of one node, put on and taken off while it runs.
import type { Bytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { NetworkError } from '../errors.ts'
import { STREAM_IDLE_MS } from '../limits.ts'
import type { MessageListener, PeerId } from '../network.ts'
import { OVERTAKEN_BY_MAX, OVERTAKEN_MS } from './limits.ts'
import { factsOfFrame, factsOfGossip } from './message-facts.ts'
import { MessageGate } from './message-gate.ts'
import type { MessageCounts, MessageFacts, MessageRule } from './message-rule.ts'
import { seededChance } from './seeded-chance.ts'

export interface MessageFaultParts {
  readonly clock: Clock
  readonly log: Logger
  /** What rules without a seed of their own draw from. */
  readonly seed: string
  /** Of the node: one seed for all nodes of a run chooses other messages on each of them. */
  readonly name: string
}

/** What becomes of a frame: it passes, waits until `released`, or ends its stream. */
export type FrameFate = 'pass' | 'drop' | HeldFrame

export interface HeldFrame {
  /** Throws STREAM_IDLE. */
  readonly released: Promise<void>
  /** Always, at the end of the wait. */
  readonly giveUp: () => void
}

interface Late {
  by: number
  readonly pass: () => void
  readonly cancel: () => void
}

export class MessageFaults {
  readonly #parts: MessageFaultParts
  readonly #gates = new Map<string, MessageGate>()
  readonly #late = new Set<Late>()
  readonly #chance: () => number

  constructor(parts: MessageFaultParts) {
    this.#parts = parts
    this.#chance = seededChance(`${parts.seed} overtaken`)
  }

  /** One of the same id is replaced, and what it kept back is handed on. */
  put(id: string, rule: MessageRule): void {
    const before = this.#gates.get(id)
    this.#gates.set(id, new MessageGate(rule, `${rule.seed ?? this.#parts.seed} ${this.#parts.name} ${id}`))
    before?.release()
  }

  /** What it kept back is handed on. False where there is none of that id. */
  remove(id: string): boolean {
    const gate = this.#gates.get(id)
    this.#gates.delete(id)
    gate?.release()
    return gate !== undefined
  }

  counts(id: string): MessageCounts | undefined {
    return this.#gates.get(id)?.counts()
  }

  /** What is kept back or late goes nowhere any more. */
  close(): void {
    for (const late of this.#late) late.cancel()
    this.#late.clear()
    for (const gate of this.#gates.values()) gate.forget()
  }

  onGossip(from: PeerId, data: Bytes, listener: MessageListener): void {
    if (this.#gates.size === 0 && this.#late.size === 0) {
      listener(from, data)
      return
    }
    const facts = factsOfGossip(data)
    const pass = () => this.#handOn(from, data, listener)
    if (this.#isStopped(facts, from, data, pass)) return
    for (const gate of this.#chosenBy(facts, from, 'replay')) {
      gate.keep({
        bytes: data.byteLength,
        pass: () => {
          gate.repeated()
          pass()
        },
      })
    }
    const [slow] = this.#chosenBy(facts, from, 'reorder')
    if (slow !== undefined) {
      this.#delay(slow, pass)
      return
    }
    pass()
    for (const gate of this.#chosenBy(facts, from, 'duplicate')) {
      gate.repeated()
      pass()
    }
    this.#passed()
  }

  onFrame(peer: PeerId, protocol: string, frame: Bytes): FrameFate {
    if (this.#gates.size === 0) return 'pass'
    const facts = factsOfFrame(protocol, frame)
    for (const gate of this.#chosenBy(facts, peer, 'drop')) {
      gate.dropped()
      return 'drop'
    }
    const [gate] = this.#chosenBy(facts, peer, 'hold')
    if (gate === undefined) return 'pass'
    return this.#hold(gate, frame)
  }

  /** No longer than a stream may be silent: its other end gives up as soon. */
  #hold(gate: MessageGate, frame: Bytes): FrameFate {
    const { promise: released, resolve, reject } = Promise.withResolvers<void>()
    const held = { bytes: frame.byteLength, pass: resolve }
    if (!gate.keep(held)) return 'drop'
    const cancel = this.#parts.clock.setTimer(
      () => reject(new NetworkError('STREAM_IDLE', `a fault held a frame for ${STREAM_IDLE_MS} ms`)),
      STREAM_IDLE_MS,
    )
    const giveUp = () => {
      cancel()
      gate.giveUp(held)
    }
    return { released, giveUp }
  }

  /** Each on its own, as the network does: that one fails is nothing to those that come with it or after it. */
  #handOn(from: PeerId, data: Bytes, listener: MessageListener): void {
    try {
      listener(from, data)
    } catch (error) {
      this.#parts.log.error({ peer: from, error: String(error) }, 'a message listener failed')
    }
  }

  /** Dropped, or kept back. */
  #isStopped(facts: MessageFacts, from: PeerId, data: Bytes, pass: () => void): boolean {
    for (const gate of this.#chosenBy(facts, from, 'drop')) {
      gate.dropped()
      return true
    }
    for (const gate of this.#chosenBy(facts, from, 'hold')) {
      gate.keep({ bytes: data.byteLength, pass })
      return true
    }
    return false
  }

  *#chosenBy(facts: MessageFacts, from: PeerId, action: MessageRule['action']): Generator<MessageGate> {
    for (const gate of this.#gates.values()) {
      if (gate.rule.action === action && gate.chooses(facts, from)) yield gate
    }
  }

  #delay(gate: MessageGate, pass: () => void): void {
    const by = 1 + Math.floor(this.#chance() * OVERTAKEN_BY_MAX)
    const late: Late = { by, pass, cancel: this.#parts.clock.setTimer(() => this.#arrive(late), OVERTAKEN_MS) }
    gate.overtaken()
    this.#late.add(late)
  }

  /** One more has overtaken those that are late. */
  #passed(): void {
    for (const late of [...this.#late]) {
      late.by -= 1
      if (late.by <= 0) this.#arrive(late)
    }
  }

  #arrive(late: Late): void {
    if (!this.#late.delete(late)) return
    late.cancel()
    late.pass()
  }
}
