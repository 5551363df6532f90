/**
 * Work on things that come by the thousand in one turn: `COUNT_A_TURN` of them a turn of the event loop, in order, so that
 * everybody else has theirs in between.
 */
export function fewAtATime<T>(work: (item: T) => void): (item: T) => void {
  let waiting: T[] = []
  let next = 0
  const some = () => {
    const slice = waiting.slice(next, next + COUNT_A_TURN)
    next += slice.length
    for (const item of slice) work(item)
    if (next < waiting.length) {
      setImmediate(some)
      return
    }
    waiting = []
    next = 0
  }
  return (item) => {
    waiting.push(item)
    if (waiting.length === 1) setImmediate(some)
  }
}

/** To end one connection takes about 0.1 ms. */
export const COUNT_A_TURN = 16
