// A folder for what an image is made of, for as long as that takes. A calbox that is killed meanwhile leaves it: its name says
// whose it is, so that the next one takes it away.
import { createHash } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identify, type ProcessIdentity, selfIdentity } from '../../process/process-identity.ts'

const OURS = /^calbox-image-(\w+)-(\d+)-([0-9a-f]{12})-/

/** Gone when `use` has ended, however. First, those of processes that are no more. */
export async function withScratchFolder<T>(use: (folder: string) => Promise<T>, parent = tmpdir()): Promise<T> {
  await removeOwnerless(parent)
  const self = selfIdentity()
  const folder = await mkdtemp(join(parent, `calbox-image-${pidSpace()}-${self.pid}-${markOf(self)}-`))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function removeOwnerless(parent: string): Promise<void> {
  const here = pidSpace()
  for (const name of await readdir(parent)) {
    const [, space, pid, mark] = OURS.exec(name) ?? []
    // Numbers of processes that are counted elsewhere (a container that shares the folder) mean nothing here.
    if (space !== here) continue
    const owner = identify(Number(pid))
    if (owner !== undefined && markOf(owner) === mark) continue
    // Of another user, or just being removed by another calbox.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

function markOf({ startId }: ProcessIdentity): string {
  return createHash('sha256').update(startId).digest('hex').slice(0, 12)
}

function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\W/g, '')
  } catch {
    // Not on Linux: there is one.
    return 'all'
  }
}
