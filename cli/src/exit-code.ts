// What becomes of an error of a command: a message for the user and an exit code, or a defect of ours with its stack.
import type { CommandEdge } from './commands/command-edge.ts'
import { failureOf } from './failure.ts'

export async function exitCodeFor(error: unknown, edge: CommandEdge): Promise<number> {
  const failure = await failureOf(error)
  if (failure) {
    if (failure.message !== '') edge.stderr.write(`calbox: ${failure.message}\n`)
    return failure.exitCode
  }
  edge.stderr.write(`calbox: a defect of calbox: ${error instanceof Error ? error.stack : String(error)}\n`)
  return 1
}
