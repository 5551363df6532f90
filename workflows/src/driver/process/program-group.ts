// A program in a process group of its own, to its end. Nothing of the group is left behind: not by an abort, and not where
// calbox is killed meanwhile.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { GROUP_POLL_MS } from '../limits.ts'
import { sleep } from '../until.ts'
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
  /** It has ended itself; what it has started may still hold its outputs, which is waited for. */
  readonly onEnded?: ((end: GroupEnd) => void) | undefined
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
    child.once('close', (code, by) => resolve({ code: code ?? undefined, signal: by ?? undefined }))
  })
  child.once('exit', (code, ended) => program.onEnded?.({ code: code ?? undefined, signal: ended ?? undefined }))
  const { pid } = child
  // Gone already: what it has started may not be.
  if (pid !== undefined) guard?.watch({ ...(identify(pid) ?? { pid, startId: 'ended' }), wholeGroup: true })
  listen(child.stdout, program.onOutput)
  listen(child.stderr, program.onError)
  let ended: Promise<void> | undefined
  const stop = () => {
    ended = endGroup(child, program.grace)
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const end = await closed
    await ended
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

/** Resolves when nobody of the group is left, or all that are have been killed. */
async function endGroup(child: ChildProcess, grace: GroupProgram['grace']): Promise<void> {
  if (grace !== undefined) {
    send(child, 'SIGTERM')
    await emptyWithin(child, grace)
  }
  send(child, 'SIGKILL')
  // What has left the group may hold them as long as it likes.
  child.stdout?.destroy()
  child.stderr?.destroy()
}

/** The first of a group may be gone, and its outputs closed, while others take no notice of SIGTERM. */
async function emptyWithin(child: ChildProcess, grace: NonNullable<GroupProgram['grace']>): Promise<void> {
  const over = new AbortController()
  const cancel = grace.timer(grace.ms, () => over.abort())
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const patience = new Promise<void>((resolve) => over.signal.addEventListener('abort', () => resolve()))
  await Promise.race([closed, patience])
  for (let leftMs = grace.ms; leftMs > 0 && !over.signal.aborted && send(child, 0); leftMs -= GROUP_POLL_MS) {
    await Promise.race([patience, sleep(GROUP_POLL_MS)])
  }
  cancel()
}

/** Whether there is anybody to get it; signal 0 only asks. */
function send(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false
  try {
    return process.kill(-child.pid, signal)
  } catch {
    // The whole group has ended by itself.
    return false
  }
}
