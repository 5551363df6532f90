// TCP whose small writes leave together. The library writes the length and the bytes of each encrypted record by themselves, which
// is a system call and a packet each here, and a read and an event each at the peer: some five for a delta.
import type { Socket } from 'node:net'
import type { Transport } from '@libp2p/interface'
import { type TCPOptions, tcp } from '@libp2p/tcp'
import type { AbstractMultiaddrConnection } from '@libp2p/utils'
import { WRITES_GATHERED_BYTES } from '../limits.ts'
import { seenTransport } from '../raw-connections.ts'

export function gatheredTcp(options: TCPOptions): (components: Parameters<ReturnType<typeof tcp>>[0]) => Transport {
  return seenTransport(tcp(options), gatherWrites)
}

/** What is written in one turn of the event loop goes at its end, or earlier when it is much. */
function gatherWrites(connection: AbstractMultiaddrConnection): void {
  const socket = socketOf(connection)
  const send = connection.sendData.bind(connection)
  const reset = connection.sendReset.bind(connection)
  let gathers = false
  const flush = () => {
    if (!gathers) return
    gathers = false
    socket.uncork()
  }
  connection.sendData = (data) => {
    if (!gathers) {
      gathers = true
      socket.cork()
      setImmediate(flush)
    }
    const sent = send(data)
    if (socket.writableLength >= WRITES_GATHERED_BYTES) flush()
    return sent
  }
  // What was written before was given to the system before, too.
  connection.sendReset = (error) => {
    flush()
    reset(error)
  }
}

function socketOf(connection: AbstractMultiaddrConnection): Socket {
  if ('socket' in connection) return connection.socket as Socket
  throw new Error('assertion failed: this version of @libp2p/tcp hides its sockets')
}
