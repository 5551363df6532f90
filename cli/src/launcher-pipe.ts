// Where the system's Node.js is too old, a launcher runs us as its child and holds a pipe: its end is the launcher's.
import { Socket } from 'node:net'

const VARIABLE = 'CALBOX_LAUNCHER_FD'

export function onLauncherEnd(env: NodeJS.ProcessEnv, ended: () => void): void {
  const fd = Number(env[VARIABLE])
  // Children of ours have no such pipe.
  delete env[VARIABLE]
  if (!Number.isInteger(fd) || fd < 3) return
  const pipe = openPipe(fd)
  pipe?.on('end', ended).on('error', () => undefined)
  pipe?.resume()
}

function openPipe(fd: number): NodeJS.ReadableStream | undefined {
  try {
    const socket = new Socket({ fd, readable: true, writable: false })
    socket.unref()
    return socket
  } catch {
    // Not a pipe or socket: somebody set the variable by hand.
    return undefined
  }
}
