// How often somebody may be wrong. Counted before the password is looked at, so that many tries at once are not more than
// many in a row: by address, by account from one address, and by account from everywhere. A stranger who is wrong on
// purpose shuts its own address out, and not whom the account belongs to: where that account has logged in from before, it
// has the tries of account and address, whatever others are wrong about there or elsewhere. All who come through one proxy
// share an address, and so does a page in the browser with who sits before it.
import type { Clock } from '../base/clock.ts'
import { AuthError } from './errors.ts'
import {
  ACCOUNT_CHARS_MAX,
  CHECKED_WITHIN_SEC,
  FAILING_MAX,
  FAILURE_WINDOW_MS,
  FAILURES_PER_ACCOUNT,
  FAILURES_PER_ACCOUNT_ANYWHERE,
  FAILURES_PER_ADDRESS,
  KNOWN_MAX,
} from './limits.ts'
import type { HashTurn } from './providers/hash-turns.ts'

export interface Attempt {
  /** An account that has logged in from there takes turns with such accounts, everything else with other addresses. */
  readonly turn: HashTurn
  /** It was wrong. */
  failed(): void
  /** The failures of this account from there are forgotten; otherwise only this one, which was none. */
  succeeded(): void
  /** It was neither right nor wrong: nobody looked. */
  withdraw(): void
}

interface Try {
  readonly atMs: number
  /** It counts as failed until somebody has looked. */
  isBeingChecked: boolean
}

/** The oldest first. */
type Failures = Map<string, Try[]>

export class Attempts {
  readonly #clock: Clock
  readonly #accounts: Failures = new Map()
  readonly #addresses: Failures = new Map()
  readonly #accountsFrom: Failures = new Map()
  /** Accounts with the addresses they have logged in from, the one that did so longest ago first. */
  readonly #known = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Counts as failed until it `succeeded`. Throws AuthError TOO_MANY_ATTEMPTS, which does not count: for long where so many
   * have failed, for a moment where some of them are only being checked.
   */
  begin(account: string, address: string): Attempt {
    const nowMs = this.#clock.nowMs()
    const accountKey = account.slice(0, ACCOUNT_CHARS_MAX)
    const addressKey = networkOf(address)
    const bothKey = `${addressKey}\0${accountKey}`
    const counted: (readonly [Failures, string, number])[] = [[this.#accountsFrom, bothKey, FAILURES_PER_ACCOUNT]]
    const isKnown = this.#known.has(bothKey)
    if (!isKnown) {
      counted.push([this.#addresses, addressKey, FAILURES_PER_ADDRESS])
      counted.push([this.#accounts, accountKey, FAILURES_PER_ACCOUNT_ANYWHERE])
    }
    for (const [failures, key, max] of counted) refuseBeyond(max, recentIn(failures, key, nowMs))
    const attempt: Try = { atMs: nowMs, isBeingChecked: true }
    for (const [failures, key] of counted) add(failures, key, attempt)
    return {
      turn: { isKnown, who: isKnown ? bothKey : addressKey },
      failed: () => {
        attempt.isBeingChecked = false
      },
      succeeded: () => {
        this.#accountsFrom.delete(bothKey)
        takeBack(this.#addresses, addressKey, attempt)
        takeBack(this.#accounts, accountKey, attempt)
        this.#known.delete(bothKey)
        this.#known.add(bothKey)
        if (this.#known.size > KNOWN_MAX) forgetFirst(this.#known)
      },
      withdraw: () => {
        for (const [failures, key] of counted) takeBack(failures, key, attempt)
      },
    }
  }
}

function refuseBeyond(max: number, recent: readonly Try[]): void {
  if (recent.length < max) return
  const failed = recent.filter(({ isBeingChecked }) => !isBeingChecked).length
  const [what, retryAfterSec] =
    failed < max
      ? ['too many logins at once', CHECKED_WITHIN_SEC]
      : ['too many failed logins', Math.ceil(FAILURE_WINDOW_MS / 1000)]
  throw new AuthError('TOO_MANY_ATTEMPTS', `${what}; try again in ${retryAfterSec} s`, { data: { retryAfterSec } })
}

function recentIn(failures: Failures, key: string, nowMs: number): Try[] {
  return (failures.get(key) ?? []).filter(({ atMs }) => atMs > nowMs - FAILURE_WINDOW_MS && atMs <= nowMs)
}

function add(failures: Failures, key: string, attempt: Try): void {
  const recent = recentIn(failures, key, attempt.atMs)
  // Put last again: the first one failed longest ago.
  failures.delete(key)
  failures.set(key, [...recent, attempt])
  if (failures.size > FAILING_MAX) forgetFirst(failures)
}

function forgetFirst(of: { keys(): IterableIterator<string>; delete(key: string): boolean }): void {
  const oldest = of.keys().next()
  if (!oldest.done) of.delete(oldest.value)
}

function takeBack(failures: Failures, key: string, attempt: Try): void {
  const all = failures.get(key) ?? []
  const at = all.lastIndexOf(attempt)
  if (at >= 0) all.splice(at, 1)
  if (all.length === 0) failures.delete(key)
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
