// When a process of ours is to stop: by a signal, or because who started it is gone.

/** Resolves with who asked first. A second signal ends the process at once. */
export async function stopAsked(eofFd: number | undefined): Promise<string> {
  const why = await new Promise<string>((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'))
    process.once('SIGINT', () => resolve('SIGINT'))
    if (eofFd !== undefined) watchEof(eofFd, () => resolve(`end of file descriptor ${eofFd}`))
  })
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
  return why
}

function watchEof(fd: number, onEof: () => void): void {
  import('node:fs').then(({ createReadStream }) => {
    createReadStream('', { fd, autoClose: false }).on('end', onEof).on('error', onEof).resume()
  }, onEof)
}
