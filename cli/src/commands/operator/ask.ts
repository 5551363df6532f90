// Questions at a terminal; the answer to a secret one does not show.
import { createInterface, type Interface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { InterruptedError } from '../../interrupted-error.ts'
import type { CommandEdge } from '../command-edge.ts'

type Edge = Pick<CommandEdge, 'stdin' | 'stderr' | 'signal'>

export function ask(question: string, edge: Edge): Promise<string> {
  edge.stderr.write(question)
  return answer(createInterface({ input: edge.stdin }), edge)
}

/** The terminal does not echo, and what readline would echo goes nowhere. */
export async function askSecretly(question: string, edge: Edge): Promise<string> {
  edge.stderr.write(question)
  const nowhere = new Writable({ write: (_, __, done) => done() })
  try {
    return await answer(createInterface({ input: edge.stdin, output: nowhere, terminal: true }), edge)
  } finally {
    edge.stderr.write('\n')
  }
}

async function answer(terminal: Interface, { signal }: Edge): Promise<string> {
  const interrupted = new AbortController()
  // In raw mode the terminal sends no signal: readline reads Ctrl-C, and Ctrl-D closes.
  terminal.once('SIGINT', () => interrupted.abort(new InterruptedError('SIGINT', 130)))
  terminal.once('close', () => interrupted.abort(new InterruptedError('end of input', 130)))
  const either = AbortSignal.any([signal, interrupted.signal])
  try {
    return await terminal.question('', { signal: either })
  } catch (error) {
    either.throwIfAborted()
    throw error
  } finally {
    terminal.removeAllListeners('close')
    terminal.close()
  }
}
