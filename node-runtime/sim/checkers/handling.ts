// Every event that names a handler is handled, one level deeper than it was emitted, exactly once on every node that applied its delta, and never on its author
// (I3).
import { toHex, u32be } from '../../src/base/bytes.ts'
import type { DeltaId } from '../../src/base/ids.ts'
import { decodeRow, type HandlerRow } from '../../src/wire/records.ts'
import type { HandlerRun } from '../record/history.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const handling: Checker = {
  name: 'handling',
  check({ deltas, nodes, history, sameEvents, claims }) {
    const found: string[] = []
    const expected = new Set<string>()
    for (const { delta, payload } of deltas) {
      payload.events.forEach((event, index) => {
        if (event.handler === undefined) return
        const id = `${delta.id}${toHex(u32be(index))}`
        expected.add(id)
        for (const { name, publicKey } of nodes) {
          // What it stands for brought the same event, and so did what stands for it.
          const all = sameEvents.get(delta.id) ?? [delta.id]
          const run = sumOf(all.map((each) => history.handlers.get(name)?.get(`${each}${toHex(u32be(index))}`)))
          const hadOne = all.some((each) => history.applied.get(name)?.has(each) ?? false)
          const times = delta.author !== publicKey && hadOne ? 1 : 0
          const depth = run.row && decodeRow<HandlerRow>('handler row', run.row).depth
          if (depth !== undefined && depth !== payload.depth + 1)
            found.push(`${event.kind} of ${delta.id.slice(0, 8)} is handled on ${name} as if it lay ${depth} deep`)
          const isWanted = run.queued === times || (claims.has(delta.id) && run.queued === 0)
          if (isWanted && run.done === run.queued && run.dead === 0) continue
          const seen = `queued ${run.queued}, done ${run.done}, given up ${run.dead}`
          found.push(`event ${event.kind} of ${delta.id.slice(0, 8)} on ${name}: ${seen}, wanted ${times}`)
        }
      })
    }
    // What became void, or was given up for a snapshot, was handled by who had it before.
    const counted = new Set<string>(deltas.map(({ delta }) => delta.id))
    for (const { name } of nodes) {
      for (const [id, run] of history.handlers.get(name) ?? []) {
        const deltaId = id.slice(0, 64)
        if (!counted.has(deltaId) && history.deltas.has(deltaId as DeltaId) && run.queued <= 1) continue
        if (!expected.has(id)) found.push(`${name} handled ${id.slice(0, 8)}, which nobody emitted`)
      }
    }
    return found.slice(0, FINDINGS_MAX)
  },
}

function sumOf(runs: readonly (HandlerRun | undefined)[]): HandlerRun {
  const sum: HandlerRun = { queued: 0, done: 0, dead: 0 }
  for (const run of runs) {
    if (run === undefined) continue
    sum.queued += run.queued
    sum.done += run.done
    sum.dead += run.dead
    if (run.row) sum.row ??= run.row
  }
  return sum
}
