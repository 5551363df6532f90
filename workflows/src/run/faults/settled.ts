// Waiting for work of somebody else, no longer than one may.

/** Rejects with the reason of the signal; how the work came out is told to whoever began it. */
export async function settled(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([work.catch(() => undefined), aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
