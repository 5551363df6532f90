// How often somebody may be wrong. Counted by account and by address before the password is looked at, so that many
// tries at once are not more than many in a row.
import type { Clock } from '../base/clock.ts'
import { AuthError } from './errors.ts'
import {
  ACCOUNT_CHARS_MAX,
  FAILING_MAX,
  FAILURE_WINDOW_MS,
  FAILURES_PER_ACCOUNT,
  FAILURES_PER_ADDRESS,
} from './limits.ts'

export interface Attempt {
  /** The account's failures are forgotten; of the address only this one, which was none. */
  succeeded(): void
  /** It was neither right nor wrong: nobody looked. */
  withdraw(): void
}

export class Attempts {
  readonly #clock: Clock
  /** When each failed, the oldest first. */
  readonly #accounts = new Map<string, number[]>()
  readonly #addresses = new Map<string, number[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts as failed until it `succeeded`. Throws AuthError TOO_MANY_ATTEMPTS, which counts, too. */
  begin(account: string, address: string): Attempt {
    const nowMs = this.#clock.nowMs()
    const accountKey = account.slice(0, ACCOUNT_CHARS_MAX)
    const addressKey = networkOf(address)
    // Both are counted, also where the first is over.
    const over = [
      count(this.#accounts, accountKey, { nowMs, max: FAILURES_PER_ACCOUNT }),
      count(this.#addresses, addressKey, { nowMs, max: FAILURES_PER_ADDRESS }),
    ]
    if (over.includes(true)) {
      const retryAfterSec = Math.ceil(FAILURE_WINDOW_MS / 1000)
      throw new AuthError('TOO_MANY_ATTEMPTS', `too many failed logins; try again in ${retryAfterSec} s`, {
        data: { retryAfterSec },
      })
    }
    return {
      succeeded: () => {
        this.#accounts.delete(accountKey)
        takeBack(this.#addresses, addressKey, nowMs)
      },
      withdraw: () => {
        takeBack(this.#accounts, accountKey, nowMs)
        takeBack(this.#addresses, addressKey, nowMs)
      },
    }
  }
}

/** Whether that is one too many. */
function count(known: Map<string, number[]>, key: string, { nowMs, max }: { nowMs: number; max: number }): boolean {
  const recent = (known.get(key) ?? []).filter((atMs) => atMs > nowMs - FAILURE_WINDOW_MS && atMs <= nowMs)
  // Put last again: the first one failed longest ago.
  known.delete(key)
  // One more than the cap says as much as a thousand more.
  known.set(key, [...recent, nowMs].slice(-max - 1))
  if (known.size > FAILING_MAX) {
    const oldest = known.keys().next()
    if (!oldest.done) known.delete(oldest.value)
  }
  return recent.length >= max
}

function takeBack(known: Map<string, number[]>, key: string, atMs: number): void {
  const all = known.get(key) ?? []
  const at = all.lastIndexOf(atMs)
  if (at >= 0) all.splice(at, 1)
  if (all.length === 0) known.delete(key)
}

/** Of IPv6 the first 64 bits: whoever has one address there has all of them. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  return [...before, ...(tail === undefined ? [] : zeros), ...after].slice(0, 4).join(':')
}
