// Why calbox ends where its own output cannot be written: a full disk behind `> file`, a terminal that is gone. A reader that has
// enough of it (`| head`) is an orderly end, as for a signal.
import { InterruptedError } from './interrupted-error.ts'

/** What is lacking is of the machine. */
const ENVIRONMENT = 3

export class OutputError extends InterruptedError {
  constructor(message: string) {
    super('output', ENVIRONMENT)
    this.name = 'OutputError'
    this.message = message
  }
}

/** `name`: of the stream that could not be written. */
export function outputEnd(name: 'stdout' | 'stderr', error: NodeJS.ErrnoException): InterruptedError {
  if (error.code === 'EPIPE') return new InterruptedError('SIGPIPE', 141)
  const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT'
  const what = isFull ? 'the disk is full; free space, or send it elsewhere' : `${error.message}; send it elsewhere`
  return new OutputError(`cannot write to ${name}: ${what}`)
}
