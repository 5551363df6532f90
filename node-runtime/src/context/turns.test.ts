import { describe, expect, it } from 'vitest'
import { TURN_COST, TURN_MS } from './limits.ts'
import { Turns } from './turns.ts'

/** `pieces` of work of so many milliseconds and bytes: after how many of them others had their turn. */
async function turnsOf(pieces: number, tookMs: number, bytes = 0): Promise<number[]> {
  let nowMs = 0
  const waiting: (() => void)[] = []
  const setTimer = (fn: () => void) => {
    waiting.push(fn)
    return () => {}
  }
  const turns = new Turns({ elapsedMs: () => nowMs, setTimer })
  const after: number[] = []
  for (let piece = 1; piece <= pieces; piece += 1) {
    nowMs += tookMs
    const turn = turns.spend(bytes)
    if (turn === undefined) continue
    after.push(piece)
    for (const wake of waiting.splice(0)) wake()
    await turn
  }
  return after
}

describe('long work', () => {
  it('gives others their turn after so many pieces, however little time they take', async () => {
    expect(await turnsOf(2 * TURN_COST + 1, 0)).toEqual([TURN_COST, 2 * TURN_COST])
  })

  it('gives others their turn sooner where pieces take their time', async () => {
    const [first, second] = await turnsOf(20, 1)
    expect([first, second]).toEqual([TURN_MS, 2 * TURN_MS])
  })

  it('counts large pieces for several', async () => {
    expect(await turnsOf(3, 0, 100 * 1024 * 1024)).toEqual([1, 2, 3])
  })

  it('does not count the time before it began', () => {
    let nowMs = 0
    const turns = new Turns({ elapsedMs: () => nowMs, setTimer: () => () => {} })
    expect(turns.spend(0)).toBeUndefined()
    nowMs = 1_000_000
    turns.start()
    expect(turns.spend(0)).toBeUndefined()
  })

  it('that can be cut is done at once where it is short, and otherwise lets others have their turn', async () => {
    const waiting: (() => void)[] = []
    const setTimer = (fn: () => void) => {
      waiting.push(fn)
      return () => {}
    }
    const turns = new Turns({ elapsedMs: () => 0, setTimer })
    let done = 0
    const cut = function* (pieces: number) {
      for (; done < pieces; done += 1) yield
      return done
    }
    expect(turns.run(cut(0))).toBe(0)
    const long = turns.run(cut(2 * TURN_COST))
    expect(done).toBe(TURN_COST - 1)
    for (const expected of [2 * TURN_COST - 1, 2 * TURN_COST]) {
      for (const wake of waiting.splice(0)) wake()
      await Promise.resolve()
      expect(done).toBe(expected)
    }
    expect(await long).toBe(2 * TURN_COST)
  })
})
