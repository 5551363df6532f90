// When a topic is pulled from a peer: once at a time, and only while there is a reason. What gives the reason, gossip or
// another pull often has brought by the time it would begin.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { PULL_AFTER_MS, PULL_LOOKS_MAX, PULL_WISHES_MAX } from './limits.ts'

/** Whether what a pull was wished for is still lacking. Where it rejects, as while the store cannot be read, it may be. */
export type Wish = () => boolean | Promise<boolean>

interface Pull {
  readonly done: Promise<void>
  /** The one after it, when somebody wishes for it. */
  next: { readonly done: Promise<void>; readonly wishes: Wish[] } | undefined
}

/** Of one topic from one peer each. */
export interface PullCounts {
  readonly attempts: number
  readonly successes: number
  readonly failures: number
  /** Under way. */
  readonly active: number
}

const ended = () => {
  // Whatever became of it: whoever started it hears.
}

interface Begin {
  readonly begin: (wish: Wish) => void
  /** Gossip that has arrived and was not looked at yet. */
  readonly isComing: () => boolean
}

/** `key` names topic and peer. */
export class PullQueue {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #pulls = new Map<string, Pull>()
  #attempts = 0
  #successes = 0
  #failures = 0
  readonly #later = new Map<string, { readonly wishes: Wish[]; readonly cancel: () => void }>()

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /**
   * Resolves with a pull that began after this call: where one is under way, the next one, which is left out when no wish
   * for it stands by then. `work` is then the first of those that wished for it.
   */
  pull(key: string, wish: Wish, work: (isNext: boolean) => Promise<void>): Promise<void> {
    const running = this.#pulls.get(key)
    if (!running) return this.#start(key, () => work(false))
    if (!running.next) {
      const wishes: Wish[] = []
      const done = running.done.then(ended, ended).then(async () => {
        // Nothing is awaited between the last wish and the end: none that is added meanwhile goes unheard.
        for (const each of wishes) if (await this.#stands(each)) return this.#start(key, () => work(true))
        this.#pulls.delete(key)
      })
      running.next = { done, wishes }
    }
    const { wishes, done } = running.next
    if (wishes.length < PULL_WISHES_MAX) wishes.push(wish)
    else if (wishes.length === PULL_WISHES_MAX) wishes.push(() => true)
    return done
  }

  /**
   * Calls `begin` in a moment if a wish for it stands then, with the wish of all who called meanwhile: what overtook the
   * rest on another way does not begin a pull. While something `isComing` that may be it, a few moments later.
   */
  later(key: string, wish: Wish, { begin, isComing }: Begin): void {
    const waiting = this.#later.get(key)
    if (waiting) {
      waiting.wishes.push(wish)
      return
    }
    const wishes = [wish]
    const anyStands = () => this.#anyStands(wishes)
    const wait = (looks: number) =>
      this.#later.set(key, { wishes, cancel: this.#clock.setTimer(() => void look(looks), PULL_AFTER_MS) })
    // It does not reject.
    const look = async (looks: number) => {
      this.#later.delete(key)
      if (looks > 0 && isComing()) wait(looks - 1)
      else if (await anyStands()) begin(anyStands)
    }
    wait(PULL_LOOKS_MAX)
  }

  close(): void {
    for (const { cancel } of this.#later.values()) cancel()
    this.#later.clear()
  }

  counts(): PullCounts {
    const [attempts, successes, failures] = [this.#attempts, this.#successes, this.#failures]
    return { attempts, successes, failures, active: attempts - successes - failures }
  }

  #start(key: string, work: () => Promise<void>): Promise<void> {
    const done = work()
    this.#attempts += 1
    const pull: Pull = { done, next: undefined }
    this.#pulls.set(key, pull)
    const forget = () => {
      if (!pull.next) this.#pulls.delete(key)
    }
    const succeed = () => {
      this.#successes += 1
      forget()
    }
    const fail = () => {
      this.#failures += 1
      forget()
    }
    done.then(succeed, fail)
    return done
  }

  /** More may be added while it waits for an answer. */
  async #anyStands(wishes: readonly Wish[]): Promise<boolean> {
    for (const each of wishes) if (await this.#stands(each)) return true
    return false
  }

  /** Does not reject: what cannot be looked at now is pulled, and no later pull is kept from its turn. */
  async #stands(wish: Wish): Promise<boolean> {
    try {
      return await wish()
    } catch (error) {
      this.#log.debug({ error: String(error) }, 'it cannot be seen now whether a pull is needed; it is made')
      return true
    }
  }
}
