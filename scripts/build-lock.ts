// One build of a checkout at a time: several `npx calbox` on a fresh one would all start theirs.
import { setTimeout as delay } from 'node:timers/promises'
import { holdFile } from '../workflows/src/driver/state/exclusive-file.ts'

/** A build takes seconds. One that takes this long hangs. */
const WAIT_MAX_MS = 10 * 60_000
const POLL_MS = 100

/**
 * The lock is the file; it names its holder, and that of a process which is gone is taken over. Where processes cannot
 * see each other (containers on one checkout) it holds nobody off: two builds then do the work twice, and no harm, as
 * each puts whole files in place.
 */
export async function withBuildLock<T>(file: string, say: (text: string) => void, work: () => Promise<T>): Promise<T> {
  const giveUpMs = performance.now() + WAIT_MAX_MS
  let told = false
  for (;;) {
    const lock = await holdFile(file)
    if ('release' in lock) {
      try {
        return await work()
      } finally {
        await lock.release()
      }
    }
    const { pid } = lock.holder
    if (!told) say(`waiting for another build of this checkout (process ${pid})`)
    told = true
    if (performance.now() > giveUpMs) {
      throw new Error(`waited ${WAIT_MAX_MS / 60_000} minutes for the build of process ${pid}; if it hangs, end it`)
    }
    await delay(POLL_MS)
  }
}
