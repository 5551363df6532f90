// What guests say while nobody waits for their answer, for the operator of the node: one entry a line. What a client's
// call says is logged where the client is answered.
import type { Logger } from '../base/log.ts'
import { GUEST_LINE_CHARS } from './limits.ts'

export interface GuestRun {
  readonly method: string
  readonly lines: readonly string[]
}

/** `log` names the context. A handler and `init` run once: `info`; an apply may be repeated by a fold: `debug`. */
export function logGuest(log: Logger, level: 'info' | 'debug', { method, lines }: GuestRun): void {
  for (const line of lines) {
    const text = line.length > GUEST_LINE_CHARS ? `${line.slice(0, GUEST_LINE_CHARS)}…` : line
    log[level]({ method, text }, 'guest log')
  }
}
