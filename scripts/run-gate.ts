// One gate of `npm run check`: a program with all it starts, ended with them when it takes too long or the check is stopped,
// so that what it printed is seen in any case.
import { spawn } from 'node:child_process'

export interface GateRun {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly limitMs: number
}

export interface RunningGate {
  readonly ended: Promise<{ readonly passed: boolean; readonly output: string }>
  /** What it has printed so far, both streams. */
  output(): string
  /** Kills it; its output ends with the reason. */
  stop(reason: string): void
}

/** The output comes in one piece at the end, or that of two lanes would mix. */
export function startGate({ command, args, cwd, env, limitMs }: GateRun): RunningGate {
  // A process group of its own: workers of a test run hold its output open after it.
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env, detached: true })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const output = () => Buffer.concat(chunks).toString()
  const { promise: ended, resolve } = Promise.withResolvers<{ passed: boolean; output: string }>()
  const stop = (reason: string) => {
    killGroup(child.pid)
    // Without waiting for its end: a process of it may have left the group.
    resolve({ passed: false, output: `${output()}\n${reason}\n` })
  }
  const limit = setTimeout(() => stop(`killed: not done after ${limitMs / 60_000} min`), limitMs)
  child.on('error', (error) => resolve({ passed: false, output: `${output()}${command}: ${error.message}\n` }))
  child.on('close', (code) => resolve({ passed: code === 0, output: output() }))
  void ended.then(() => clearTimeout(limit))
  return { ended, output, stop }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
