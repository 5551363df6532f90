// The processes of one run of calbox, found by what they inherit. Linux only.
import { readdir, readFile } from 'node:fs/promises'

/** What the nodes and everything they start inherit, and nothing else on this machine has. */
export const MARK = 'CALBOX_ORPHAN_TEST'

interface Found {
  readonly pid: number
  readonly command: string
}

/** Every process that has the mark in its environment, however it is called and whoever its parent is. */
export async function processesOf(mark: string): Promise<Found[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found: Found[] = []
  for (const pid of pids) {
    // A process that ended meanwhile, or is not ours to look at; a zombie has no environment.
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
    if (!environment.split('\0').includes(`${MARK}=${mark}`)) continue
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    found.push({ pid, command: command.replaceAll('\0', ' ').trim() })
  }
  return found
}
