import { describe, expect, it } from 'vitest'
import { TURN_COST, TURN_MS } from './limits.ts'
import { Turns } from './turns.ts'

/** `pieces` of work of so many milliseconds and bytes: after how many of them others had their turn. */
async function turnsOf(pieces: number, tookMs: number, bytes = 0): Promise<number[]> {
  let nowMs = 1000
  const waiting: (() => void)[] = []
  const setTimer = (fn: () => void) => {
    waiting.push(fn)
    return () => {}
  }
  const turns = new Turns({ nowMs: () => nowMs, setTimer })
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
    expect(first).toBe(TURN_MS + 1)
    expect(second).toBe(2 * (TURN_MS + 1))
  })

  it('counts large pieces for several', async () => {
    expect(await turnsOf(3, 0, 100 * 1024 * 1024)).toEqual([1, 2, 3])
  })

  it('is not held up by a clock that steps back', async () => {
    expect(await turnsOf(TURN_COST, -1000)).toEqual([TURN_COST])
  })
})
