// One task at a time, in the order asked. A context's writes, applies and reads all pass through one.
import { CodedError } from './errors.ts'

export class QueueError extends CodedError<'QUEUE_FULL' | 'QUEUE_CLOSED'> {}

export class SerialQueue {
  readonly #limit: number
  #tail: Promise<unknown> = Promise.resolve()
  #size = 0
  #closed = false

  /** `limit` bounds the waiting tasks; one more is refused with QUEUE_FULL. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  /** Settles as `task` does. Throws QueueError when the queue is full or closed. */
  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new QueueError('QUEUE_CLOSED', 'the queue is closed: the node is stopping'))
    if (this.#size >= this.#limit) {
      return Promise.reject(
        new QueueError('QUEUE_FULL', `${this.#size} tasks wait already; try again when some are done`, {
          data: { limit: this.#limit },
        }),
      )
    }
    this.#size += 1
    const result = this.#tail.then(task)
    this.#tail = result.then(
      () => this.#done(),
      () => this.#done(),
    )
    return result
  }

  /** Refuses new tasks and resolves when the accepted ones have ended. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#tail
  }

  #done(): void {
    this.#size -= 1
  }
}
