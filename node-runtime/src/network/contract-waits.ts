// How the contract suite waits: for a state to come, and for a stream to end.
import type { Bytes } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { until } from '../base/until.ts'

export async function eventually(what: string, probe: () => boolean): Promise<void> {
  await until({
    what,
    clock: systemClock,
    timeoutMs: 20_000,
    intervalMs: 5,
    probe: async () => (probe() ? { done: undefined } : { seen: 'not yet' }),
  })
}

export async function readAll(frames: AsyncIterable<Bytes>): Promise<Bytes[]> {
  const all: Bytes[] = []
  for await (const frame of frames) all.push(Uint8Array.from(frame))
  return all
}
