// How a node ended, in words.
import type { ExitCause } from '../driver.ts'

export function describeExit(cause: ExitCause): string {
  const memory = cause.outOfMemory ? ': it was out of memory' : ''
  if (cause.signal !== undefined) return `killed by ${cause.signal}${memory}`
  if (cause.code === undefined) return 'cause unknown, since an earlier calbox started it'
  return `exit code ${cause.code}${memory || (MEANINGS[cause.code] ?? '')}`
}

const MEANINGS: Readonly<Record<number, string>> = {
  2: ' (bad usage or configuration)',
  3: ' (its environment: port in use, data directory not writable)',
  4: ' (its store is damaged)',
}
