// Runs one script with /bin/sh in a process group of its own: all output as lines, and nothing left behind on abort.
import { type ProcessGuard, runGroup } from '../../driver/process/program-group.ts'
import { SCRIPT_HELD_MS, SCRIPT_KILL_GRACE_MS } from '../limits.ts'
import type { StepClock } from '../step-clock.ts'
import { ScriptOutput } from './script-output.ts'

/** Both outputs through one pipe: only so they arrive in the order they were written. */
const ONE_STREAM = 'exec /bin/sh "$@" 2>&1'

export interface ScriptRun {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly onOutput: (text: string) => void
  /** It has ended, and what it started in the background goes on holding its output: the step waits for that, too. */
  readonly onHeld?: ((end: Pick<ScriptEnd, 'code' | 'signal'>) => void) | undefined
  readonly clock: StepClock
  readonly guard?: ProcessGuard | undefined
}

export interface ScriptEnd {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined
  readonly signal: string | undefined
  /** Standard output and standard error as they came; the last part of a long one. */
  readonly output: string
}

/** Rejects with the reason of the signal, or when /bin/sh cannot be started. */
export async function runScript(run: ScriptRun, options: { signal: AbortSignal }): Promise<ScriptEnd> {
  const { file, args, cwd, env, guard, clock, onHeld } = run
  let cancelHeld = () => {}
  const output = new ScriptOutput(run.onOutput)
  const program = {
    command: '/bin/sh',
    args: ['-c', ONE_STREAM, 'sh', file, ...args],
    cwd,
    env,
    guard,
    onOutput: (text: string) => output.take(text),
    onEnded: (end: Pick<ScriptEnd, 'code' | 'signal'>) => {
      if (onHeld) cancelHeld = clock.timer(SCRIPT_HELD_MS, () => onHeld(end))
    },
    grace: { ms: SCRIPT_KILL_GRACE_MS, timer: clock.timer.bind(clock) },
  }
  try {
    const end = await runGroup(program, options)
    output.end()
    return { ...end, output: output.text() }
  } finally {
    cancelHeld()
  }
}
