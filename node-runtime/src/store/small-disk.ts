// For tests: a small file system in memory, mounted however this machine lets us: as root; as root of a name space of our
// own, seen through a process that lives in it; on GitHub's machines by sudo.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly path: string
  remove(): void
}

/** Undefined where nothing lets us mount one. Fails on GitHub's machines then: there it always works. */
export async function smallDisk(mib: number): Promise<SmallDisk | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'calbox-disk-'))
  const options = `size=${mib}m,mode=777`
  const isGitHub = process.env.GITHUB_ACTIONS === 'true'
  const sudo = isGitHub ? [['sudo', '-n']] : []
  for (const before of [[], ...sudo]) {
    if (!run([...before, 'mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder])) continue
    return { path: folder, remove: () => removeFolder(folder, () => run([...before, 'umount', '-l', folder])) }
  }
  const holder = await holdMount(folder, options)
  if (holder !== undefined) {
    const path = `/proc/${holder.pid}/root${folder}`
    return { path, remove: () => removeFolder(folder, () => holder.kill('SIGKILL')) }
  }
  removeFolder(folder, () => undefined)
  if (isGitHub) throw new Error('no file system in memory can be mounted, neither by sudo nor by unshare')
  return undefined
}

/** By one file: to the last block, or so that this much is left. Gives the file. */
export function fillUp(folder: string, left = 0): string {
  const filler = join(folder, 'filler')
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(filler, new Uint8Array(Math.max(0, bavail * bsize - left - (left === 0 ? 64 * 1024 : 0))))
  if (left > 0) return filler
  try {
    for (;;) writeFileSync(filler, new Uint8Array(4096), { flag: 'a' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    return filler
  }
}

/** A process with a name space in which it is mounted, for as long as it lives. */
async function holdMount(folder: string, options: string): Promise<ChildProcess | undefined> {
  const mounting = 'mount -t tmpfs -o "$1" tmpfs "$0" && echo mounted && exec cat'
  const script = `exec unshare -rm sh -c '${mounting}' "$0" "$1"`
  const holder = spawn('sh', ['-c', script, folder, options], { stdio: ['pipe', 'pipe', 'ignore'] })
  const isMounted = await new Promise((resolve) => {
    holder.stdout.once('data', () => resolve(true))
    holder.once('error', () => resolve(false)).once('close', () => resolve(false))
  })
  return isMounted === true ? holder : undefined
}

function run([command = '', ...args]: readonly string[]): boolean {
  return spawnSync(command, args).status === 0
}

function removeFolder(folder: string, unmount: () => unknown): void {
  unmount()
  rmSync(folder, { recursive: true, force: true })
}
