// The tables of a store, block by block against their checksums, which LevelDB does not ask for: a changed byte becomes a
// changed row, or one that cannot be read.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { neededIn } from './needed-files.ts'
import { type TableDamage, tableDamage } from './table-damage.ts'

const TABLE = /^(\d+)\.(?:ldb|sst)$/

export interface DamagedTable extends TableDamage {
  readonly file: string
}

/** Reads only, one table after the other: those are a few MiB each. One that is not there LevelDB names when it opens. */
export async function damagedTables(location: string): Promise<DamagedTable[]> {
  const needed = await neededIn(location)
  const entries = await readdir(location, { withFileTypes: true })
  const tables = entries.flatMap(({ name }) => {
    const [, number] = TABLE.exec(name) ?? []
    return number !== undefined && needed?.tables.has(Number(number)) ? [name] : []
  })
  const found: DamagedTable[] = []
  for (const file of tables.toSorted()) {
    for (const damage of tableDamage(await bytesOf(join(location, file)))) found.push({ file, ...damage })
  }
  return found
}

async function bytesOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    // Of a store that another process has open, or a folder: opening it says so.
    if (code === 'ENOENT' || code === 'EISDIR') return Buffer.alloc(0)
    throw cause
  }
}
