// Timers by due time, then by the order in which they were set. A binary heap: a long run has hundreds of thousands.

export interface Timer {
  readonly dueMs: number
  readonly seq: number
  /** Undefined once cancelled: it then leaves when its turn comes. */
  fn: (() => void) | undefined
}

export class TimerQueue {
  readonly #heap: Timer[] = []

  add(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]
      if (parent === undefined || isBefore(parent, timer)) break
      heap[at] = parent
      at = up
    }
    heap[at] = timer
  }

  /** The next timer that was not cancelled. */
  take(): Timer | undefined {
    for (let top = this.#pop(); top !== undefined; top = this.#pop()) if (top.fn !== undefined) return top
    return undefined
  }

  #pop(): Timer | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      const isRight = left !== undefined && right !== undefined && isBefore(right, left)
      const least = isRight ? right : left
      if (least === undefined || isBefore(last, least)) break
      heap[at] = least
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = last
    return top
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.seq < b.seq)
}
