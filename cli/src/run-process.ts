// The process edge: signals, exit codes, outputs that are out before the end. Nothing else ends this process.
import { InterruptedError } from './interrupted-error.ts'
import { Interrupts } from './interrupts.ts'
import { onLauncherEnd } from './launcher-pipe.ts'
import { onNpxEnd } from './npx-end.ts'
import { OutputError, outputEnd } from './output-error.ts'
import { allWritten } from './outputs.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Ends the process with the exit code that `run` resolves with; it must not throw. */
export async function runProcess(
  run: (args: readonly string[], signal: AbortSignal) => Promise<number>,
): Promise<never> {
  const interrupt = new AbortController()
  listenForSignals(interrupt)
  const outputs = watchOutputs(interrupt)
  const asRun = await run(process.argv.slice(2), interrupt.signal)
  const code = () => outputs.failure?.exitCode ?? asRun
  // That a file could not be written is told in the next turn.
  await new Promise((resolve) => setImmediate(resolve))
  // Of a command that was interrupted itself, only a second signal leaves the rest unsaid.
  const wait = interrupt.signal.aborted ? {} : { signal: interrupt.signal }
  try {
    await allWritten([process.stdout, process.stderr], wait)
  } catch (reason) {
    process.exit(code() === 0 && reason instanceof InterruptedError ? reason.exitCode : code())
  }
  process.exit(code())
}

/** The first output that cannot be written ends the command in an orderly way; of a failure the other one tells. */
function watchOutputs(interrupt: AbortController): { readonly failure: OutputError | undefined } {
  const seen: { failure: OutputError | undefined } = { failure: undefined }
  const other = { stdout: process.stderr, stderr: process.stdout } as const
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].on('error', (error: NodeJS.ErrnoException) => {
      const end = outputEnd(name, error)
      if (end instanceof OutputError && seen.failure === undefined) {
        seen.failure = end
        other[name].write(`calbox: ${end.message}\n`)
      }
      interrupt.abort(end)
    })
  }
  return seen
}

/** The first signal asks for an orderly end, the second one ends at once: the reaper takes care of the nodes. */
function listenForSignals(interrupt: AbortController): void {
  const interrupts = new Interrupts()
  const end = (name: keyof typeof SIGNALS) => {
    const request = interrupts.next(performance.now())
    if (request === 'same') return
    if (request === 'again') {
      if (process.stdout.isTTY) process.stdout.write('\n')
      process.stderr.write('calbox: interrupted again: ended at once; the nodes are ended by the reaper\n')
      process.exit(SIGNALS[name])
    }
    interrupt.abort(new InterruptedError(name, SIGNALS[name]))
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => end(name))
  onLauncherEnd(process.env, () => end('SIGTERM'))
  onNpxEnd(process.env, () => end('SIGTERM'))
}
