// The outputs of a process of ours at its end. To a pipe goes at once what it holds (64 KiB); the rest follows as its
// reader reads, and would be lost with the process. Logs go past these streams.

/** As of a process that SIGPIPE has ended. */
const NO_READER = 141

/** Whoever reads what a command prints may have enough of it (`| head`). */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(NO_READER)
      throw error
    })
  }
}

/** Resolves when all that was written is out. A signal ends the process as it does otherwise. */
export async function allWritten(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength > 0) await new Promise<void>((resolve) => stream.write('', () => resolve()))
  }
}
