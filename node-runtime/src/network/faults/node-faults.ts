// All that may be wrong with one node on purpose, put on and taken off while it runs: its connections, the messages that come
// to it, its disk, its clock. Only a node that was told so at its start has them.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { type Logger, silentLogger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { SkewedClock } from '../../base/skewed-clock.ts'
import { NetworkError } from '../errors.ts'
import type { FaultRule } from './fault-rule.ts'
import { RULES_MAX } from './limits.ts'
import { LinkFaults, type LinkStatus } from './link-faults.ts'
import { MessageFaults } from './message-faults.ts'
import type { MessageCounts, MessageRule } from './message-rule.ts'
import { seededChance } from './seeded-chance.ts'

export type NodeFault =
  | { readonly link: FaultRule }
  | { readonly message: MessageRule }
  | { readonly disk: DiskFault }
  | { readonly clockOffsetMs: number }

/** No write succeeds, as on a disk that is full, or on one that is mounted read-only. */
export type DiskFault = 'full' | 'read_only'

export interface NodeFaultParts {
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  /** Of the node in its run. */
  readonly name?: string
  /** What chance is drawn from. Absent: another one each time. */
  readonly seed?: string
}

export interface FaultStatus {
  readonly id: string
  readonly fault: NodeFault
  readonly messages?: MessageCounts
  readonly refusedWrites?: number
}

const REFUSALS: Readonly<Record<DiskFault, { readonly code: string; readonly message: string }>> = {
  full: { code: 'ENOSPC', message: 'ENOSPC: no space left on device, write' },
  read_only: { code: 'EROFS', message: 'EROFS: read-only file system, write' },
}

export class NodeFaults {
  /** What chance is drawn from. */
  readonly seed: string
  /** The node's. */
  readonly clock: SkewedClock
  readonly links: LinkFaults
  readonly messages: MessageFaults
  readonly #name: string
  readonly #faults = new Map<string, { readonly fault: NodeFault; refused: number }>()
  #chance: () => number

  constructor({ clock, random, log = silentLogger, name = '', seed }: NodeFaultParts) {
    this.seed = seed ?? randomUUID()
    this.clock = new SkewedClock(clock)
    // Its lanes go by the right time.
    this.#name = name
    this.#chance = seededChance(`${this.seed} ${name}`)
    const chance = { bytes: (length: number) => random.bytes(length), float: () => this.#chance() }
    this.links = new LinkFaults({ clock, random: chance })
    this.messages = new MessageFaults({ clock, log, name, seed: this.seed })
  }

  /** Gives the id under which it can be taken off. One of the same id is replaced. Throws FAULTS_TOO_MANY. */
  put(fault: NodeFault, id: string = randomUUID()): string {
    if (!this.#faults.has(id) && this.#faults.size >= RULES_MAX) {
      throw new NetworkError('FAULTS_TOO_MANY', `there are ${RULES_MAX} faults already; take some off first`)
    }
    // What the old one kept back comes before what the new one does.
    if ('message' in fault) this.messages.put(id, fault.message)
    else this.messages.remove(id)
    if ('link' in fault) this.#putLink(id, fault.link)
    else this.links.remove(id)
    this.#faults.set(id, { fault, refused: 0 })
    this.#setClock()
    return id
  }

  /** What it kept back is handed on. False where there is none of that id. */
  remove(id: string): boolean {
    const wasThere = this.#faults.delete(id)
    this.links.remove(id)
    this.messages.remove(id)
    this.#setClock()
    return wasThere
  }

  clear(): void {
    for (const id of [...this.#faults.keys()]) this.remove(id)
  }

  list(): FaultStatus[] {
    return [...this.#faults].map(([id, { fault, refused }]) => {
      const messages = this.messages.counts(id)
      return { id, fault, ...(messages && { messages }), ...('disk' in fault && { refusedWrites: refused }) }
    })
  }

  connections(): LinkStatus[] {
    return this.links.links()
  }

  /** What the system would say of a write now; undefined where it would take it. */
  refuseWrite(): Error | undefined {
    for (const entry of this.#faults.values()) {
      if (!('disk' in entry.fault)) continue
      entry.refused += 1
      const { code, message } = REFUSALS[entry.fault.disk]
      return Object.assign(new Error(message), { code, syscall: 'write' })
    }
    return undefined
  }

  #putLink(id: string, rule: FaultRule): void {
    if (rule.seed !== undefined) this.#chance = seededChance(`${rule.seed} ${this.#name}`)
    this.links.put(id, rule)
  }

  /** Several add up. */
  #setClock(): void {
    let offsetMs = 0
    for (const { fault } of this.#faults.values()) if ('clockOffsetMs' in fault) offsetMs += fault.clockOffsetMs
    this.clock.offsetMs = offsetMs
  }
}
