// Clients see each delta that a node applies one by one, when it is on the disk, once a process, and its events once a node (I3).
import type { DeltaId } from '../../src/base/ids.ts'
import type { Facts } from '../record/facts.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const showing: Checker = {
  name: 'showing',
  check(facts) {
    const { history, sameEvents } = facts
    const found: string[] = []
    for (const [name, ids] of history.shownEvents) {
      const shown = new Set<readonly DeltaId[] | DeltaId>()
      for (const id of ids) {
        const same = sameEvents.get(id) ?? id
        if (shown.has(same)) found.push(`${name} showed the events of ${id.slice(0, 8)} before`)
        shown.add(same)
      }
    }
    for (const [process, shown] of history.shown) {
      for (const [id, times] of shown)
        if (times > 1) found.push(`process ${process} showed ${id.slice(0, 8)} ${times} times`)
    }
    for (const { name, id } of history.shownEarly) found.push(`${name} showed ${id.slice(0, 8)} before it was applied`)
    return [...found, ...unshown(facts)].slice(0, FINDINGS_MAX)
  },
}

/** What came with a peer's state was not applied here one by one, and nobody was told of it. */
function unshown({ deltas, nodes, history, sameEvents, claims }: Facts): string[] {
  const found: string[] = []
  for (const { name } of nodes) {
    const shown = new Set<DeltaId>()
    for (const [process, times] of history.shown) {
      if (!process.startsWith(`${name} `)) continue
      for (const id of times.keys()) for (const same of sameEvents.get(id) ?? [id]) shown.add(same)
    }
    const due = history.toShow.by(name)
    for (const { delta } of deltas) {
      // What stands for another brings the same: the first of them that was applied was to be shown.
      const all = sameEvents.get(delta.id) ?? [delta.id]
      const first = all.filter((id) => history.applied.get(name)?.has(id))
      if (claims.has(delta.id) || shown.has(delta.id) || first.length === 0 || !first.every((id) => due.has(id)))
        continue
      found.push(`${name} applied ${delta.id.slice(0, 8)} and showed it to nobody`)
    }
  }
  return found
}
