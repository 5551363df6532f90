// The last moment before a server stops to listen: who has connected already is about to ask, and would be reset.
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { SETTLED_MS, SETTLING_MS_MAX } from '../limits.ts'
import type { Room } from './room.ts'

const LOOKS = 5
const EVERY_MS = SETTLED_MS / LOOKS
/** Looks, not time: a busy machine takes longer for as many clients. */
const LOOKS_MAX = 200

/** In which whoever waits to be connected is, and has asked. */
const TURNS = 4

/** Whether anybody does, as far as a few turns of the event loop tell: nobody is kept waiting where not. */
export async function somebodyComes(rooms: readonly Room[]): Promise<boolean> {
  const before = sumOf(rooms, ({ requests }) => requests)
  for (let turns = 0; turns < TURNS; turns += 1) {
    await turn()
    if (sumOf(rooms, ({ silent }) => silent) > 0 || sumOf(rooms, ({ requests }) => requests) > before) return true
  }
  return false
}

/**
 * Resolves when for SETTLED_MS everybody who is connected has asked: each turn of the event loop takes in one of those who
 * wait to be connected, who has asked by the next. At the latest when for SETTLING_MS_MAX nobody has asked anything, or after
 * LOOKS_MAX where there is no end of those who come.
 */
export async function nobodyComes(rooms: readonly Room[]): Promise<void> {
  let before = sumOf(rooms, ({ requests }) => requests)
  let [quietMs, stuckMs] = [0, 0]
  for (let looks = 0; looks < LOOKS_MAX && quietMs < SETTLED_MS && stuckMs < SETTLING_MS_MAX; looks += 1) {
    await delay(EVERY_MS)
    const now = sumOf(rooms, ({ requests }) => requests)
    quietMs = sumOf(rooms, ({ silent }) => silent) === 0 ? quietMs + EVERY_MS : 0
    stuckMs = now === before ? stuckMs + EVERY_MS : 0
    before = now
  }
}

function sumOf(rooms: readonly Room[], read: (room: Room) => number): number {
  return rooms.reduce((total, room) => total + read(room), 0)
}
