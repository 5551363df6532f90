// What the event loop of this thread does in one turn, as processor time: that others on the machine wait for the same
// processor makes nothing longer here.
import { quantile, round1 } from '../real-nodes.ts'

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

const EMPTY_MS = 0.05

export interface Metered {
  readonly cpuMs: number
  readonly turns: number
  /** Of what a moment of the work falls into, not of the turns: a long one counts for more. */
  readonly turnP50Ms: number
  readonly turnP99Ms: number
  readonly turnMaxMs: number
}

export async function metered(work: () => Promise<unknown>): Promise<Metered> {
  const turns: number[] = []
  let isOver = false
  let lastMs = cpuMs()
  const tick = () => {
    const nowMs = cpuMs()
    turns.push(nowMs - lastMs)
    lastMs = nowMs
    if (!isOver) setImmediate(tick)
  }
  setImmediate(tick)
  await work()
  isOver = true
  // Empty turns are this meter's own, while the work waits for the disk.
  const totalMs = turns.filter((each) => each > EMPTY_MS).reduce((sum, each) => sum + each, cpuMs() - lastMs)
  const weighted = turns.toSorted((a, b) => a - b)
  const at = (part: number) => {
    let left = part * weighted.reduce((sum, each) => sum + each, 0)
    for (const each of weighted) {
      left -= each
      if (left <= 0) return each
    }
    return weighted.at(-1) ?? Number.NaN
  }
  return {
    cpuMs: Math.round(totalMs),
    turns: turns.filter((each) => each > EMPTY_MS).length,
    turnP50Ms: round1(at(0.5)),
    turnP99Ms: round1(at(0.99)),
    turnMaxMs: round1(quantile(turns, 1)),
  }
}
