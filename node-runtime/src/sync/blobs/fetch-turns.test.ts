// Who fetches when not all can at once.
import { expect, it } from 'vitest'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { BLOB_FETCHES_MAX, BLOB_FETCHES_WAITING_MAX, BLOB_TURN_MS } from './blob-limits.ts'
import { FetchTurns } from './fetch-turns.ts'

it('what is slow has turn after turn beside short wishes that never end', async () => {
  const clock = new DrivenClock()
  const turns = new FetchTurns(clock)
  let slowTurns = 0
  void turns.run((turn) => {
    slowTurns += 1
    return new Promise((_, reject) => turn.signal.addEventListener('abort', () => reject(turn.signal.reason)))
  })
  const wish = () => {
    const inVain = (turn: { readonly signal: AbortSignal }) =>
      new Promise((_, reject) => {
        clock.setTimer(() => reject(new Error('no member has it')), BLOB_TURN_MS)
        turn.signal.addEventListener('abort', () => reject(turn.signal.reason))
      })
    turns.run(inVain).catch(() => {})
    clock.setTimer(wish, BLOB_TURN_MS / BLOB_FETCHES_MAX)
  }
  wish()
  const end = clock.nowMs() + 60 * BLOB_TURN_MS
  for (await clock.rest(); clock.nowMs() < end; await clock.rest()) clock.step()
  expect(slowTurns).toBeGreaterThan(2)
})

it('one more than may wait is refused', async () => {
  const turns = new FetchTurns(new DrivenClock())
  const forever = () => new Promise<never>(() => {})
  for (let each = 0; each < BLOB_FETCHES_MAX + BLOB_FETCHES_WAITING_MAX; each += 1) void turns.run(forever)
  await expect(turns.run(forever)).rejects.toThrow(`${BLOB_FETCHES_WAITING_MAX} blobs wait to be fetched already`)
})
