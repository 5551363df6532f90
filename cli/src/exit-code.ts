// What becomes of an error of a command: a message for the user and an exit code, or a defect of ours with its stack.
import type { CommandEdge } from './commands/command-edge.ts'

/** Anything with an `exitCode` is an expected end: its message is for the user. */
export async function exitCodeFor(error: unknown, edge: CommandEdge): Promise<number> {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number') {
    if (error.message !== '') edge.stderr.write(`calbox: ${error.message}\n`)
    return error.exitCode
  }
  const { fileFault } = await import('@calbox/workflows/file-fault')
  const fault = fileFault(error)
  if (fault !== undefined) {
    edge.stderr.write(`calbox: ${fault.message}\n`)
    return fault.exitCode
  }
  edge.stderr.write(`calbox: a defect of calbox: ${error instanceof Error ? error.stack : String(error)}\n`)
  return 1
}
