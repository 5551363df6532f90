// The outputs of this process at its end. To a pipe goes at once what it holds (64 KiB); the rest follows as its reader
// reads, and would be lost with the process.
import type { Writable } from 'node:stream'

/** Resolves when all that was written is out, or nobody takes it any more; rejects with the reason of the signal. */
export async function allWritten(
  streams: readonly Writable[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    Promise.all(streams.map(emptied)).then(() => resolve(), reject)
  })
}

/** What is written last is out last. Whether it could be written does not matter: the stream has told others. */
function emptied(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve()
    else stream.write('', () => resolve())
  })
}
