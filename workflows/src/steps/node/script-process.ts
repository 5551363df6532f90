// Runs one script with /bin/sh in a process group of its own: all output as lines, and nothing left behind on abort.
import { type ChildProcess, spawn } from 'node:child_process'
import { SCRIPT_KILL_GRACE_MS, SCRIPT_OUTPUT_MAX_CHARS } from '../limits.ts'

/** Both outputs through one pipe: only so they arrive in the order they were written. */
const ONE_STREAM = 'exec /bin/sh "$@" 2>&1'

export interface ScriptRun {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly onOutput: (text: string) => void
}

export interface ScriptEnd {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined
  readonly signal: string | undefined
  /** Standard output and standard error as they came; the last part of a long one. */
  readonly output: string
}

/** Rejects with the reason of the signal, or when /bin/sh cannot be started. */
export async function runScript(run: ScriptRun, { signal }: { signal: AbortSignal }): Promise<ScriptEnd> {
  signal.throwIfAborted()
  const child = spawn('/bin/sh', ['-c', ONE_STREAM, 'sh', run.file, ...run.args], {
    cwd: run.cwd,
    env: run.env,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  let output = ''
  let line = ''
  const take = (chunk: string) => {
    output = (output + chunk).slice(-SCRIPT_OUTPUT_MAX_CHARS)
    line += chunk
    const end = line.lastIndexOf('\n')
    if (end >= 0) run.onOutput(line.slice(0, end))
    line = line.slice(end + 1)
  }
  child.stdout.setEncoding('utf8').on('data', take)
  const stop = () => killGroup(child)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const [code, endSignal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (...end) => resolve(end))
    })
    signal.throwIfAborted()
    if (line !== '') run.onOutput(line)
    return { code: code ?? undefined, signal: endSignal ?? undefined, output }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function killGroup(child: ChildProcess): void {
  send(child, 'SIGTERM')
  const timer = setTimeout(() => send(child, 'SIGKILL'), SCRIPT_KILL_GRACE_MS)
  child.once('close', () => clearTimeout(timer))
}

function send(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The whole group has ended by itself.
  }
}
