// What LevelDB may yet write by itself, for what it has been given already: memory becomes tables, tables are merged into
// others before the old ones go. Read off what it says of itself.
import { COMPACTION_MAX_BYTES } from './limits.ts'

const MIB = 1024 * 1024
/** A level's number, its files, their MiB to the next whole one. */
const LEVEL_LINE = /^ *(\d+) +(\d+) +(\d+) /

/** In bytes, never too few. `stats` is `leveldb.stats`, `memory` is `leveldb.approximate-memory-usage`. */
export function ownWorkOf(stats: string, memory: string): number {
  let upper = 0
  let all = 0
  for (const line of stats.split('\n')) {
    const [, level, files, size] = LEVEL_LINE.exec(line) ?? []
    if (Number(files ?? 0) === 0) continue
    const bytes = (Number(size) + 1) * MIB
    all += bytes
    // All tables of level 0 may overlap, and all of level 1 with them: they are merged at once.
    if (Number(level) <= 1) upper += bytes
  }
  // What is in memory becomes a table first, and is merged with the others then.
  return 2 * Number(memory) + Math.max(upper, Math.min(all, COMPACTION_MAX_BYTES))
}
