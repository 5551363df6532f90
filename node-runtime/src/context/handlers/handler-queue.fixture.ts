// A queue of handlers on rows of its own, without a context around it.
import type { Clock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import type { ContextStore } from '../context-store.ts'
import { DeadLetters } from './dead-letters.ts'
import { HandlerQueue, type HandlerTask } from './handler-queue.ts'

interface QueueParts {
  readonly store: Store
  readonly rows: ContextStore
  readonly clock: Pick<Clock, 'nowMs' | 'setTimer'>
  readonly run: (task: HandlerTask) => Promise<void>
  readonly handlersStored?: number
}

export function queueOn({ clock, handlersStored = 0, ...parts }: QueueParts): {
  readonly handlers: HandlerQueue
  readonly deadLetters: DeadLetters
} {
  const common = { ...parts, nowMs: () => clock.nowMs(), log: silentLogger }
  const deadLetters = new DeadLetters(common)
  const setTimer = (fn: () => void, delayMs: number) => clock.setTimer(fn, delayMs)
  return { handlers: new HandlerQueue({ ...common, handlersStored, setTimer, deadLetters }), deadLetters }
}
