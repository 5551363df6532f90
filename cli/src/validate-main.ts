// `calbox validate` as editors and hooks call it for every change: with names of files and nothing else, it needs none of the
// other commands and no parser of options. Built into one script, which the launcher runs: to find and link the two dozen
// chunks of the whole program takes a fifth of its time.
import { processEdge } from './commands/command-edge.ts'
import { runValidate } from './commands/workflow/validate.ts'
import { exitCodeFor } from './exit-code.ts'
import { runProcess } from './run-process.ts'

void runProcess(async ([, ...files], signal) => {
  const edge = processEdge(signal)
  try {
    await runValidate(files, edge)
    return 0
  } catch (error) {
    return await exitCodeFor(error, edge)
  }
})
