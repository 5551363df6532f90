// One calbox at a time changes logins. A renewal takes a request or two, so others wait for it.
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../../command-error.ts'
import type { CredentialFile } from './credential-file.ts'

/** A renewal is given up after 30 s by whoever does it; behind several of them one has to wait. */
const WAIT_MS = 60_000
const POLL_MS = 50

export async function withCredentialLock<T>(
  file: CredentialFile,
  work: () => Promise<T>,
  { signal }: { signal: AbortSignal },
): Promise<T> {
  const { holdFile } = await import('@calbox/workflows')
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const held = await holdFile(file.lockPath)
    if ('release' in held) {
      try {
        return await work()
      } finally {
        await held.release()
      }
    }
    if (waitedMs >= WAIT_MS) {
      const { pid } = held.holder
      throw new CommandError(
        'CREDENTIALS_UNUSABLE',
        `another calbox (pid ${pid}) has been changing logins for ${WAIT_MS / 1000} s`,
      )
    }
    signal.throwIfAborted()
    await delay(POLL_MS)
  }
}
