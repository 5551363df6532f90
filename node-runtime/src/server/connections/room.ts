// Room for who asks something: connections on which nothing is under way give way to new ones, the one first that has
// waited longest, and after them those whose request does not come whole. Those whose answer is not read are ended. Whoever opens as
// many as there may be, and says nothing, never ends its headers or its body, or never reads, shuts nobody out.
import { readFileSync } from 'node:fs'
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { BodyGarbage } from '../bodies/body-garbage.ts'
import { continueWhenRead } from '../bodies/expectation.ts'
import { ANSWER_LOOK_MS, ANSWER_STANDS_MS, CONNECTIONS_MAX } from '../limits.ts'
import { endWith, lingerWhereUnread } from './linger.ts'
import { RequestLine } from './request-line.ts'
import { Unfinished } from './unfinished.ts'
import { Unread } from './unread.ts'

const STATUS = 503

interface Place {
  readonly line: RequestLine
  latest?: IncomingMessage
}

/** Who comes in. */
export interface Room {
  /** Requests so far. */
  readonly requests: number
  /** Connections on which nothing was asked yet: something is about to be. */
  readonly silent: number
  /** Ends the connections on which nothing is under way. */
  endWaiting(): void
  /** Ends all there are, those that have become something else than HTTP, too: Node has forgotten these. */
  endAll(): void
}

export interface RoomOptions {
  readonly max: number
  /** ANSWER_STANDS_MS where nothing is said. */
  readonly answerStandsMs?: number
  /** A connection was answered 503, as all others are at work. */
  readonly onRefused: () => void
  /** One of a connection at a time. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void
  /** Of too many that wait on one connection the last. */
  readonly onCrowded: (request: IncomingMessage, response: ServerResponse) => void
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

/** Requests of connections that are refused are not answered but with that. */
export function limitConnections(server: Server, options: RoomOptions): Room {
  const { max, onRefused, onRequest, onCrowded, onUpgrade, answerStandsMs = ANSWER_STANDS_MS } = options
  const places = new Map<Socket, Place>()
  /** In the order in which they have begun to wait. */
  const waiting = new Set<Socket>()
  const silent = new Set<Socket>()
  const unfinished = new Unfinished()
  const unread = new Unread(answerStandsMs)
  const bodyGarbage = new BodyGarbage()
  const endUnread = () => {
    for (const socket of unread.look(performance.now())) end(socket)
  }
  const looks = setInterval(endUnread, Math.min(ANSWER_LOOK_MS, answerStandsMs)).unref()
  server.once('close', () => clearInterval(looks))
  let requests = 0
  server.on('connection', (socket: Socket) => {
    if (places.size >= max && !makeRoom()) {
      onRefused()
      refuse(socket, max)
      return
    }
    const place: Place = {
      line: new RequestLine({
        begin(request, response) {
          waiting.delete(socket)
          unfinished.add(request)
          unread.add(socket, performance.now())
          onRequest(request, response)
        },
        refuse(request, response) {
          waiting.delete(socket)
          onCrowded(request, response)
        },
        onEnded() {
          unfinished.delete(socket)
          unread.delete(socket)
          if (places.has(socket)) waiting.add(socket)
        },
      }),
    }
    places.set(socket, place)
    waiting.add(socket)
    silent.add(socket)
    lingerWhereUnread(socket, () => ({ ...place, sendsOn: place.line.isFull }))
    socket.once('close', () => leave(socket))
  })
  const arrived = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const place = places.get(socket)
    if (!place) return
    requests += 1
    place.latest = request
    silent.delete(socket)
    bodyGarbage.add(request)
    place.line.add(request, response)
  }
  server.on('request', arrived)
  server.on('checkExpectation', arrived)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    continueWhenRead(request, response)
    arrived(request, response)
  })
  server.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const { socket } = request
    // Without one, a connection that breaks now would end the process.
    socket.on('error', () => socket.destroy())
    const place = places.get(socket)
    if (!place) {
      socket.resume()
      return
    }
    // The answers to what came before would be written in between.
    if (place.line.isBusy) {
      socket.destroy()
      return
    }
    requests += 1
    waiting.delete(socket)
    silent.delete(socket)
    // All has been said, be it a refusal or a goodbye: it has its place until its client ends it, or somebody needs it.
    socket.once('finish', () => {
      if (places.has(socket)) waiting.add(socket)
    })
    onUpgrade(request, duplex, head)
  })
  return {
    get requests() {
      return requests
    },
    get silent() {
      return silent.size
    },
    endWaiting() {
      for (const socket of waiting) socket.destroy()
    },
    endAll() {
      for (const socket of places.keys()) socket.destroy()
    },
  }

  function makeRoom(): boolean {
    const [waitsLongest] = waiting
    const longest = waitsLongest ?? unfinished.longest()
    if (longest === undefined) return false
    end(longest)
    return true
  }

  function end(socket: Socket): void {
    leave(socket)
    socket.destroy()
  }

  function leave(socket: Socket): void {
    places.delete(socket)
    waiting.delete(socket)
    silent.delete(socket)
    unfinished.delete(socket)
    unread.delete(socket)
  }
}

/** A third of the files that the process may open: each may have one read for it, and the store and other nodes need theirs. */
export function connectionsThatFit(): number {
  try {
    const [, files] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return files === undefined ? CONNECTIONS_MAX : Math.min(CONNECTIONS_MAX, Math.floor(Number(files) / 3))
  } catch {
    // Not on this system.
    return CONNECTIONS_MAX
  }
}

function refuse(socket: Socket, max: number): void {
  const body = JSON.stringify({ error: `this node has ${max} connections at work, which is the most; try again later` })
  const head = `HTTP/1.1 ${STATUS} ${STATUS_CODES[STATUS]}\r\nContent-Type: application/json; charset=utf-8`
  const about = `Retry-After: 1\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`
  // What it has sent already is read by the parser.
  endWith(socket, `${head}\r\n${about}\r\n\r\n${body}`)
}
