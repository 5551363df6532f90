// Faults of a node's own connections, put on and taken off while it runs. Only a node that was told so at its start has them.
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import type { PeerId } from '../network.ts'
import { type Effect, type FaultDirection, type FaultRule, joinEffects, NO_EFFECT } from './fault-rule.ts'
import type { LaneCounts } from './lane.ts'

/** One connection, as the transport makes it. */
export interface FaultyLink {
  readonly address: string
  peer: PeerId | undefined
  /** The rules have changed. */
  changed(): void
  counts(): { readonly in: LaneCounts; readonly out: LaneCounts }
}

export interface LinkStatus {
  readonly peer: PeerId | undefined
  readonly address: string
  readonly in: LaneCounts
  readonly out: LaneCounts
}

export class LinkFaults {
  readonly clock: Clock
  readonly random: Random
  readonly #rules = new Map<string, FaultRule>()
  readonly #links = new Set<FaultyLink>()

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.clock = clock
    this.random = random
  }

  /** One of the same id is replaced. */
  put(id: string, rule: FaultRule): void {
    this.#rules.set(id, rule)
    this.#changed()
  }

  /** False where there is none of that id. */
  remove(id: string): boolean {
    const wasThere = this.#rules.delete(id)
    this.#changed()
    return wasThere
  }

  links(): LinkStatus[] {
    return [...this.#links].map((link) => ({ peer: link.peer, address: link.address, ...link.counts() }))
  }

  /** No connection is made with this peer. */
  refuses(peer: PeerId): boolean {
    return [...this.#rules.values()].some(
      (rule) => rule.blocked === true && rule.direction === 'both' && concerns(rule, peer),
    )
  }

  effect(peer: PeerId | undefined, direction: Exclude<FaultDirection, 'both'>): Effect {
    let effect = NO_EFFECT
    for (const rule of this.#rules.values()) {
      if (rule.direction !== 'both' && rule.direction !== direction) continue
      if (concerns(rule, peer)) effect = joinEffects(effect, rule)
    }
    return effect
  }

  opened(link: FaultyLink): void {
    this.#links.add(link)
  }

  closed(link: FaultyLink): void {
    this.#links.delete(link)
  }

  /** The handshake has shown who is at an address, which has no peer id in it. */
  identified(address: string, peer: PeerId): void {
    for (const link of this.#links) {
      if (link.address !== address || link.peer !== undefined) continue
      link.peer = peer
      link.changed()
    }
  }

  #changed(): void {
    for (const link of this.#links) link.changed()
  }
}

/** Who is at the other end of a new connection is not known until the handshake: only what concerns all counts. */
function concerns(rule: FaultRule, peer: PeerId | undefined): boolean {
  return rule.peers === undefined || (peer !== undefined && rule.peers.includes(peer))
}
