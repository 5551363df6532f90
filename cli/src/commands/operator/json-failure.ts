// Failures of operator commands under `--json`: one line of JSON on the standard error, the same of all of them.
import { failureOf } from '../../failure.ts'
import type { CommandEdge } from '../command-edge.ts'
import { QuietExit } from '../quiet-exit.ts'

type Edge = Pick<CommandEdge, 'stderr'>

/** Runs the work of a command. What is a defect of ours, or was said already, passes. */
export async function saidAsAsked(
  { json }: { readonly json?: boolean },
  edge: Edge,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    const failure = json === true ? await failureOf(error) : undefined
    if (failure === undefined || failure.message === '') throw error
    sayJson(failure, edge)
    throw new QuietExit(failure.exitCode)
  }
}

export function sayJson({ code, message }: { readonly code: string; readonly message: string }, edge: Edge): void {
  edge.stderr.write(`${JSON.stringify({ error: { code, message } })}\n`)
}
