// `/ws` of a fixture node: the handshake, one subscription, and the events that the test has put in line. Only what is
// needed of the protocol: short text frames.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FixtureNode } from './fixture-network.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export function acceptSocket(node: FixtureNode, request: IncomingMessage, socket: Duplex): void {
  const token = new URL(request.url ?? '/', 'http://x').searchParams.get('token')
  node.sockets.push(token)
  socket.on('error', () => undefined)
  if (node.hangingSockets > 0) {
    node.hangingSockets -= 1
    node.onHang()
    return
  }
  if (node.tokens !== undefined && !node.tokens.has(token ?? '')) {
    socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    return
  }
  const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64')
  const head = ['HTTP/1.1 101 Switching Protocols', 'upgrade: websocket', 'connection: Upgrade']
  socket.write(`${[...head, `sec-websocket-accept: ${key}`].join('\r\n')}\r\n\r\n`)
  socket.on('data', (bytes: Buffer) => {
    const text = readFrame(bytes)
    if (text === undefined) {
      socket.end()
      return
    }
    if (!text.startsWith('{')) return
    const { id, params } = JSON.parse(text)
    node.subscriptions.push(params)
    const groupIds = (params.groupIds ?? []).filter((group: string) => node.network.groups.has(group))
    const contextIds = (params.contextIds ?? []).filter((id: string) => node.network.groupOfContext(id) !== undefined)
    send(socket, { id, result: { contextIds, groupIds } })
    const tell = (event: unknown) => send(socket, { id: null, result: event })
    for (const event of node.events) tell(event)
    node.listeners.add(tell)
    socket.on('close', () => node.listeners.delete(tell))
  })
}

function send(socket: Duplex, frame: unknown): void {
  const text = Buffer.from(JSON.stringify(frame))
  const head = text.length < 126 ? [0x81, text.length] : [0x81, 126, text.length >> 8, text.length & 255]
  socket.write(Buffer.concat([Buffer.from(head), text]))
}

/** Undefined: not a text, so the end of the conversation. */
function readFrame(bytes: Buffer): string | undefined {
  if ((bytes[0] ?? 0) !== 0x81) return undefined
  const short = (bytes[1] ?? 0) & 127
  const [length, at] = short === 126 ? [bytes.readUInt16BE(2), 4] : [short, 2]
  const mask = bytes.subarray(at, at + 4)
  const text = bytes.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0))
  return Buffer.from(text).toString('utf8')
}
