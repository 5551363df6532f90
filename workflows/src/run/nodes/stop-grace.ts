import { STOP_GRACE_MS } from '../../driver/limits.ts'

/** merobox's variables: seconds until a node that does not end by itself is killed, the one after the other. */
export function stopGrace(env: Readonly<Record<string, string | undefined>>): { graceMs?: number } {
  const drainMs = millisecondsOf(env.MEROBOX_DRAIN_TIMEOUT)
  const stopMs = millisecondsOf(env.MEROBOX_STOP_TIMEOUT)
  if (drainMs + stopMs === 0) return {}
  return { graceMs: drainMs + (stopMs > 0 ? stopMs : STOP_GRACE_MS) }
}

/** 0 for what is no time. */
function millisecondsOf(text = ''): number {
  const seconds = Number(text)
  return seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : 0
}
