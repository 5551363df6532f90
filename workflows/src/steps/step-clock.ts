// Time as the steps see it. Tests bring one that does not wait.
import { sleep, startTimer } from '../driver/until.ts'

export interface StepClock {
  /** Milliseconds that only ever grow; for durations. */
  nowMs(): number
  /** Rejects with the reason of the signal. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>
  /** Calls `act` once when so much time has passed, unless what is returned is called before. */
  timer(delayMs: number, act: () => void): () => void
}

export const systemClock: StepClock = {
  nowMs: () => performance.now(),
  sleep,
  timer: startTimer,
}
