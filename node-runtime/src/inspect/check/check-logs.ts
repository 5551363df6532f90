// LevelDB's logs, as they were before anybody opened the store: what is damaged in them it leaves out, and says nothing.
import type { DamagedLog } from '../../store/damaged-logs.ts'
import { type Finding, REFETCH } from './finding.ts'

const REPAIR = { does: 'a copy of the data is kept, and what can be read of the log is used' }

const lossOf = (at: number | undefined, why: string) =>
  at === undefined ? `${why}: the last writes are gone` : `has ${why} at byte ${at}: writes behind that may be gone`

export function checkLogs(logs: readonly DamagedLog[]): Finding[] {
  return logs.map(({ file, at, why }) => ({
    kind: 'damage',
    what: 'log',
    message: `${file} ${lossOf(at, why)}; ${REFETCH}`,
    repair: REPAIR,
  }))
}
