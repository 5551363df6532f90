// A socket of this machine's loopback address that another process serves: a node in a network namespace answers HTTP there,
// whatever is done to its own network, and also after calbox has ended.
import { createServer } from 'node:net'
import { DriverError } from '../errors.ts'

export interface HandedSocket {
  readonly fd: number
  readonly port: number
  /** Of ours: whoever has inherited it goes on. */
  close(): void
}

/** Port 0: a free one. */
export async function handedSocket(port: number): Promise<HandedSocket> {
  // Whoever comes before it is handed on is not answered by us.
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, resolve)
  }).catch((cause: unknown) => {
    throw new DriverError('PORT_BUSY', `port ${port} cannot be listened on: ${cause}`, { cause })
  })
  const address = server.address()
  const fd = descriptorIn(server)
  if (address === null || typeof address === 'string' || fd === undefined) {
    server.close()
    throw new Error('assertion failed: a listening socket has a port and a file descriptor')
  }
  return { fd, port: address.port, close: () => void server.close() }
}

/** Node.js names no public way to it; `child_process` takes sockets of connections only. */
function descriptorIn(server: object): number | undefined {
  if (!('_handle' in server)) return undefined
  const { _handle: handle } = server
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined
}
