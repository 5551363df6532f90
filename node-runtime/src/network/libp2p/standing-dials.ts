// Addresses that are not of this run's nodes (boot nodes, public ones): dialled for as long as the network runs, with growing
// pauses, outside of the plan of who dials whom. None of them counts for readiness, and one that cannot be reached costs
// one log line and a bounded number of attempts an hour.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { NetworkError } from '../errors.ts'
import { STANDING_DIAL_TIMEOUT_MS } from '../limits.ts'
import type { PeerId } from '../network.ts'

export interface StandingDialsOptions {
  readonly addresses: readonly string[]
  /** What they are, for the log: "public boot node". */
  readonly what: string
  /** The first pause; each one is twice the one before, up to the longest. */
  readonly firstMs: number
  readonly maxMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Far beyond the longest pause; keeps the power finite. */
const EXPONENT_MAX = 32

interface Target {
  readonly address: string
  peer: PeerId | undefined
  failures: number
  cancelTimer: (() => void) | undefined
}

export class StandingDials {
  readonly #connect: (address: string, signal: AbortSignal) => Promise<PeerId>
  readonly #options: StandingDialsOptions
  readonly #targets: readonly Target[]
  readonly #stop = new AbortController()

  constructor(connect: (address: string, signal: AbortSignal) => Promise<PeerId>, options: StandingDialsOptions) {
    this.#connect = connect
    this.#options = options
    this.#targets = options.addresses.map((address) => ({
      address,
      peer: undefined,
      failures: 0,
      cancelTimer: undefined,
    }))
  }

  start(): void {
    const { addresses, what, log } = this.#options
    if (addresses.length > 0) log.info({ addresses }, `dialling each ${what}`)
    for (const target of this.#targets) this.#dial(target)
  }

  /** Its last connection is gone: those that had it try again. */
  disconnected(peer: PeerId): void {
    for (const target of this.#targets) {
      if (target.peer !== peer) continue
      target.peer = undefined
      this.#later(target)
    }
  }

  close(): void {
    this.#stop.abort(new NetworkError('NETWORK_CLOSED', 'the network is closed'))
    for (const target of this.#targets) target.cancelTimer?.()
  }

  #dial(target: Target): void {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(STANDING_DIAL_TIMEOUT_MS)])
    this.#connect(target.address, signal).then(
      (peer) => {
        target.peer = peer
        target.failures = 0
      },
      (error: unknown) => {
        if (this.#stop.signal.aborted) return
        const { what, log } = this.#options
        const fields = { address: target.address, error: String(error) }
        if (target.failures++ === 0) log.info(fields, `${what} not reached; trying again with growing pauses`)
        this.#later(target)
      },
    )
  }

  #later(target: Target): void {
    if (this.#stop.signal.aborted) return
    const { firstMs, maxMs, clock, random } = this.#options
    const mostMs = Math.min(maxMs, firstMs * 2 ** Math.min(target.failures, EXPONENT_MAX))
    target.cancelTimer?.()
    target.cancelTimer = clock.setTimer(() => this.#dial(target), mostMs * (0.5 + random.float() / 2))
  }
}
