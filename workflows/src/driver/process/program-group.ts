// A program in a process group of its own, to its end. Nothing of the group is left behind: not by an abort, and not where
// calbox is killed meanwhile.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { identify, type ProcessIdentity } from './process-identity.ts'

/** Ends with calbox what is told to it, however that ends. */
export interface ProcessGuard {
  watch(process: ProcessIdentity & { readonly wholeGroup?: true }): void
  unwatch(pid: number): void
}

export interface GroupProgram {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly onOutput: (text: string) => void
  /** Undefined: what it writes about errors is thrown away. */
  readonly onError?: ((text: string) => void) | undefined
  readonly guard?: ProcessGuard | undefined
  /** After an abort: from SIGTERM to SIGKILL. Without: SIGKILL at once. */
  readonly grace?: { readonly ms: number; readonly timer: (delayMs: number, act: () => void) => () => void }
}

export interface GroupEnd {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined
  readonly signal: string | undefined
}

/**
 * Resolves when it has ended and nobody holds its outputs any more. Rejects with the reason of the signal, also where a
 * process that left the group goes on holding them, and where it cannot be started.
 */
export async function runGroup(program: GroupProgram, { signal }: { signal: AbortSignal }): Promise<GroupEnd> {
  signal.throwIfAborted()
  const { command, args, cwd, env, guard } = program
  const errors = program.onError === undefined ? 'ignore' : 'pipe'
  const child = spawn(command, [...args], { cwd, env, stdio: ['ignore', 'pipe', errors], detached: true })
  const closed = new Promise<GroupEnd>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, ended) => resolve({ code: code ?? undefined, signal: ended ?? undefined }))
  })
  const { pid } = child
  // Gone already: what it has started may not be.
  if (pid !== undefined) guard?.watch({ ...(identify(pid) ?? { pid, startId: 'ended' }), wholeGroup: true })
  listen(child.stdout, program.onOutput)
  listen(child.stderr, program.onError)
  const stop = () => endGroup(child, program.grace)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const end = await closed
    signal.throwIfAborted()
    return end
  } finally {
    signal.removeEventListener('abort', stop)
    if (pid !== undefined) guard?.unwatch(pid)
  }
}

function listen(stream: Readable | null, take: ((text: string) => void) | undefined): void {
  if (take) stream?.setEncoding('utf8').on('data', take)
}

function endGroup(child: ChildProcess, grace: GroupProgram['grace']): void {
  const kill = () => {
    send(child, 'SIGKILL')
    // What has left the group may hold them as long as it likes.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  if (grace !== undefined) {
    send(child, 'SIGTERM')
    const cancel = grace.timer(grace.ms, kill)
    child.once('close', cancel)
  } else kill()
}

function send(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The whole group has ended by itself.
  }
}
