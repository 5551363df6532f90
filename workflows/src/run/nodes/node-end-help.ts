// What to do about a node that has ended by itself, by how it ended.
import type { ExitCause } from '../../driver/driver.ts'

export function nodeEndHelp(cause: ExitCause): string {
  if (cause.signal === 'SIGKILL')
    return 'another program killed it, or the system did for lack of memory (`dmesg` tells)'
  if (cause.signal !== undefined)
    return 'the node program broke down, or another program ended it; its log has the last it did'
  if (cause.code === 0) return 'somebody asked it to end, for example with `calbox down`; run again, and let it be'
  if (cause.code === 2)
    return 'its settings cannot be used, and its log says which: mend those in the file or in the data folder of the node'
  if (cause.code === 4)
    return 'put a copy of its data folder back, or begin without it: `calbox nuke`, or nuke_on_start: true'
  if (cause.code === 3) return 'put right what its log names, and run again'
  return 'its log says why; if its data is the cause, `calbox nuke` or nuke_on_start: true begins anew'
}

/** How a node ended, as an error carries it. */
export function isExitCause(value: unknown): value is ExitCause {
  return typeof value === 'object' && value !== null && ('code' in value || 'signal' in value)
}
