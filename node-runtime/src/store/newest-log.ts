// Which of LevelDB's logs is the last one: it says of no compaction whether it began another, only its directory does.
import { readdir } from 'node:fs/promises'

const LOG = /^(\d+)\.log$/

/** Its number, 0 where there is none. Fails as reading the directory does. */
export async function newestLog(location: string): Promise<number> {
  const entries = await readdir(location, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  return names.reduce((newest, name) => Math.max(newest, Number(LOG.exec(name)?.[1] ?? 0)), 0)
}
