// LevelDB's tables, by the checksums that it does not ask for itself.
import type { DamagedTable } from '../../store/damaged-tables.ts'
import { type Finding, REFETCH } from './finding.ts'

export function checkTables(tables: readonly DamagedTable[]): Finding[] {
  return tables.map(({ file, at, why }) => ({
    kind: 'damage',
    what: 'table',
    message: `${file} has ${why} at byte ${at}: rows there are not what was written, or cannot be read; ${REFETCH}`,
  }))
}
