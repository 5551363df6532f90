// Who hashes next. Hashing is slow on purpose, so whoever asks for much of it must not make others wait: those who are
// known have places and turns of their own, and within each of both lines all take turns, however much one of them asks.
import { AuthError } from '../errors.ts'
import { HASHES_AT_ONCE, HASHES_KNOWN_WAITING_MAX, HASHES_WAITING_MAX } from '../limits.ts'

/** For whom something is hashed. */
export interface HashTurn {
  /** It has been right from there before. */
  readonly isKnown: boolean
  /** With whom it takes turns: all of one `who` wait behind each other. */
  readonly who: string
}

/** Of the node itself, and of administrators who are logged in. */
export const OWN_TURN: HashTurn = { isKnown: true, who: '' }

interface Waiting {
  readonly start: () => void
  readonly refuse: (error: AuthError) => void
}

export class HashTurns {
  readonly #known = new Line(HASHES_KNOWN_WAITING_MAX)
  readonly #others = new Line(HASHES_WAITING_MAX)
  #running = 0
  #wasKnown = false

  /** Resolves when it is its turn, which `end` ends. Throws AuthError AUTH_BUSY where there is no place to wait. */
  async begin({ isKnown, who }: HashTurn): Promise<void> {
    if (this.#running < HASHES_AT_ONCE) {
      this.#running += 1
      return
    }
    const line = isKnown ? this.#known : this.#others
    await new Promise<void>((start, refuse) => line.add(who, { start, refuse }))
  }

  /** Handed on, where somebody waits: whoever comes now does not overtake. The two lines take turns. */
  end(): void {
    const [first, second] = this.#wasKnown ? [this.#others, this.#known] : [this.#known, this.#others]
    const line = first.size > 0 ? first : second
    this.#wasKnown = line === this.#known
    const next = line.next()
    if (next) next.start()
    else this.#running -= 1
  }
}

/** Who waits, each with what it waits for; the one at the front is next. */
class Line {
  readonly #max: number
  readonly #waiting = new Map<string, Waiting[]>()
  size = 0

  constructor(max: number) {
    this.#max = max
  }

  add(who: string, waiting: Waiting): void {
    const own = this.#waiting.get(who) ?? []
    if (this.size >= this.#max) {
      const most = this.#greediest()
      // Whoever has more than the newcomer would have gives a place up: the one that would come last.
      if (most === undefined || most.length <= own.length + 1) {
        waiting.refuse(this.#busy())
        return
      }
      most.pop()?.refuse(this.#busy())
      this.size -= 1
    }
    own.push(waiting)
    this.#waiting.set(who, own)
    this.size += 1
  }

  next(): Waiting | undefined {
    const [who, own] = this.#waiting.entries().next().value ?? []
    if (who === undefined || own === undefined) return undefined
    this.#waiting.delete(who)
    const first = own.shift()
    // To the back: all others come before its next one.
    if (own.length > 0) this.#waiting.set(who, own)
    this.size -= 1
    return first
  }

  #greediest(): Waiting[] | undefined {
    let most: Waiting[] | undefined
    for (const own of this.#waiting.values()) if (own.length > (most?.length ?? 0)) most = own
    return most
  }

  #busy(): AuthError {
    return new AuthError('AUTH_BUSY', `${this.size} logins wait already; try again in a second`)
  }
}
