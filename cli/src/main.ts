// The process edge: signals, exit codes, the fast answer to --version. Nothing else ends this process.
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { InterruptedError } from './interrupted-error.ts'
import { Interrupts } from './interrupts.ts'
import { onLauncherEnd } from './launcher-pipe.ts'
import { allWritten } from './outputs.ts'

enableCompileCache()

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

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
  // Whoever read our output has enough of it (`| head`): an orderly end, as for a signal.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      interrupt.abort(new InterruptedError('SIGPIPE', 141))
    })
  }
}

function version(): string {
  // One level up, both from the sources and from the bundle.
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '?'
}

async function commandOf(args: readonly string[], signal: AbortSignal): Promise<number> {
  const [first, ...files] = args
  if (first === 'validate' && !files.some((file) => file.startsWith('-'))) {
    const { validateAlone } = await import('./validate-alone.ts')
    return validateAlone(files, signal)
  }
  const { runProgram } = await import('./program.ts')
  return runProgram(args, { version: version(), signal })
}

async function main(args: readonly string[]): Promise<number> {
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${version()}\n`)
    return 0
  }
  const interrupt = new AbortController()
  listenForSignals(interrupt)
  const code = await commandOf(args, interrupt.signal)
  // Of a command that was interrupted itself, only a second signal leaves the rest unsaid.
  const wait = interrupt.signal.aborted ? {} : { signal: interrupt.signal }
  try {
    await allWritten([process.stdout, process.stderr], wait)
    return code
  } catch (reason) {
    return code === 0 && reason instanceof InterruptedError ? reason.exitCode : code
  }
}

process.exit(await main(process.argv.slice(2)))
