// Room for who asks something: connections on which nothing is under way give way to new ones, the one first that has
// waited longest. Whoever opens as many as there may be, and says nothing or never ends its headers, shuts nobody out.
import { readFileSync } from 'node:fs'
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { CONNECTIONS_MAX, LINGER_MS } from '../limits.ts'

const STATUS = 503

interface Place {
  /** Requests that are not answered yet: there may be several. */
  running: number
}

export interface RoomOptions {
  readonly max: number
  /** A connection was answered 503, as all others are at work. */
  readonly onRefused: () => void
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void
}

/** Requests of connections that are refused are not answered but with that. */
export function limitConnections(server: Server, { max, onRefused, onRequest }: RoomOptions): void {
  const places = new Map<Socket, Place>()
  /** In the order in which they have begun to wait. */
  const waiting = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    if (places.size >= max && !makeRoom()) {
      onRefused()
      refuse(socket, max)
      return
    }
    places.set(socket, { running: 0 })
    waiting.add(socket)
    socket.once('close', () => leave(socket))
  })
  server.on('request', (request, response) => {
    const { socket } = request
    const place = places.get(socket)
    if (!place) return
    place.running += 1
    waiting.delete(socket)
    response.once('close', () => {
      place.running -= 1
      if (place.running === 0 && places.has(socket)) waiting.add(socket)
    })
    onRequest(request, response)
  })
  server.prependListener('upgrade', ({ socket }: IncomingMessage) => waiting.delete(socket))

  function makeRoom(): boolean {
    const [longest] = waiting
    if (longest === undefined) return false
    leave(longest)
    longest.destroy()
    return true
  }

  function leave(socket: Socket): void {
    places.delete(socket)
    waiting.delete(socket)
  }
}

/** Half of the files that the process may open: the store and other nodes need theirs. */
export function connectionsThatFit(): number {
  try {
    const [, files] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return files === undefined ? CONNECTIONS_MAX : Math.min(CONNECTIONS_MAX, Math.floor(Number(files) / 2))
  } catch {
    // Not on this system.
    return CONNECTIONS_MAX
  }
}

function refuse(socket: Socket, max: number): void {
  const body = JSON.stringify({ error: `this node has ${max} connections at work, which is the most; try again later` })
  const head = `HTTP/1.1 ${STATUS} ${STATUS_CODES[STATUS]}\r\nContent-Type: application/json; charset=utf-8`
  socket.end(
    `${head}\r\nRetry-After: 1\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  // What it has sent already is not answered by a reset, in which the refusal would be lost.
  const cutOff = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(cutOff))
}
