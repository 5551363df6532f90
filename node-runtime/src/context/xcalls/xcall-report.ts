// What is said of a call to another context once it has an end: a line in the log and an event, in the reference's words.
import type { ContextId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { XCallEvent, XCallOutcome } from '../ports.ts'

export interface Ended {
  readonly source: ContextId
  readonly target: ContextId
  readonly method: string
}

export type Denial = keyof typeof DENIALS

/** What the log says, and the event. */
const DENIALS = {
  depth: ['xcall denied: depth limit reached', 'xcall depth limit'],
  group: ['xcall denied: owning group boundary', 'owning group boundary'],
  member: ['xcall denied: no owned member of target context', 'no owned member'],
  method: [
    'xcall denied: not an #[app::xcall] entry point, or caller not permitted by its policy',
    'not an xcall entry point',
  ],
} as const

export interface XCallReportParts {
  readonly onEvent: (event: XCallEvent) => void
  readonly log: Logger
}

export class XCallReport {
  readonly #parts: XCallReportParts

  constructor(parts: XCallReportParts) {
    this.#parts = parts
  }

  made(ended: Ended): void {
    this.#parts.log.info(fieldsOf(ended), 'xcall made')
    this.#tell(ended, { status: 'ok' })
  }

  denied(ended: Ended, why: Denial): void {
    const [message, reason] = DENIALS[why]
    this.#parts.log.warn(fieldsOf(ended), message)
    this.#tell(ended, { status: 'denied', detail: { reason } })
  }

  failed(ended: Ended, message: string): void {
    this.#parts.log.warn({ ...fieldsOf(ended), error: message }, 'xcall failed')
    this.#tell(ended, { status: 'exec_error', detail: { message } })
  }

  #tell({ source, target, method }: Ended, outcome: XCallOutcome): void {
    this.#parts.onEvent({ contextId: source, xcall: { targetContextId: target, method, outcome } })
  }
}

function fieldsOf({ source, target, method }: Ended): {
  contextId: ContextId
  targetContextId: ContextId
  method: string
} {
  return { contextId: source, targetContextId: target, method }
}
