// `calbox validate` as editors and hooks call it for every change: with names of files and nothing else, it needs none of the
// other commands and no parser of options, which take a tenth of its time.
import { processEdge } from './commands/command-edge.ts'
import { runValidate } from './commands/workflow/validate.ts'
import { exitCodeFor } from './exit-code.ts'

/** Returns the exit code; never throws. */
export async function validateAlone(files: readonly string[], signal: AbortSignal): Promise<number> {
  const edge = processEdge(signal)
  try {
    await runValidate(files, edge)
    return 0
  } catch (error) {
    return await exitCodeFor(error, edge)
  }
}
