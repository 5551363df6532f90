// A process of its own: one kind of attack, at a pace that is bounded, so that what it costs this machine to attack stays
// small beside what it costs the node. Tells what the node answered and how connections ended.
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface AttackTask {
  readonly kind: AttackKind
  readonly port: number
  readonly token: string
  readonly contextId: string
  /** A pair whose refresh token has been used. */
  readonly spent: { readonly access_token: string; readonly refresh_token: string }
  readonly forMs: number
}

export type AttackKind =
  | 'idle connections'
  | 'slow headers'
  | 'slow bodies'
  | 'bodies over 2 MiB'
  | 'deep JSON'
  | 'JSON of 2 MiB that is costly to read'
  | 'huge headers'
  | 'replayed and forged tokens'
  | 'guessed passwords'
  | 'pipelines'
  | 'does not read'

export interface AttackReport {
  /** Answers by status, and connections by how they ended. */
  readonly counts: Readonly<Record<string, number>>
  readonly openAtMost: number
}

const IDLE = 10_000
const OPENED_AT_ONCE = 200
const SLOW = 1_000
const MIB = 1024 * 1024
/** Requests sent at once on one connection: about a piece of 64 KiB. */
const PIPELINED = 1_300
/** Of those that ask for a large answer and do not read it, opened a second. */
const UNREAD_EVERY_MS = 20

const sockets = new Set<Socket>()
const counts: Record<string, number> = {}
let openAtMost = 0

function count(what: string): void {
  counts[what] = (counts[what] ?? 0) + 1
}

const pause = (delayMs: number) => new Promise((resolve) => setTimeout(resolve, delayMs))

function open(port: number, first: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      sockets.add(socket)
      openAtMost = Math.max(openAtMost, sockets.size)
      if (first !== '') socket.write(first)
      resolve(socket)
    })
    socket.on('data', (chunk) => count(chunk.toString('latin1').split('\r\n')[0] ?? ''))
    socket.on('error', (error) => {
      count(String('code' in error ? error.code : error))
      resolve(socket)
    })
    socket.on('close', () => {
      if (sockets.delete(socket)) count('closed by the node')
    })
  })
}

async function openMany(port: number, many: number, first: string): Promise<void> {
  for (let done = 0; done < many; done += OPENED_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(OPENED_AT_ONCE, many - done) }, () => open(port, first)))
    await pause(50)
  }
}

interface Sent {
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Without its length. */
  readonly chunked?: boolean
}

function send(port: number, { path, body = '', headers = {}, chunked = false }: Sent): void {
  const length = chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const options = { port, path, method: 'POST', agent: false as const, headers: { ...headers, ...length } }
  const sent = request(options, (response) => {
    count(`${response.statusCode} ${response.headers['x-auth-error'] ?? ''}`.trim())
    response.resume()
  })
  // It answers before it has read all of a body that it refuses.
  sent.on('error', (error) => count(String('code' in error ? error.code : error)))
  sent.end(body)
}

const millionOf = (item: string, bytes = 2 * MIB - 200) =>
  `[${Array(Math.floor(bytes / (item.length + 1))).fill(item)}]`

function pacedAttack({ kind, port, token, contextId, spent }: AttackTask): {
  everyMs: number
  one: (n: number) => void
} {
  const bearer = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const execute = (argsJson: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"execute","params":{"contextId":"${contextId}","method":"len","argsJson":${argsJson}}}`
  const large = 'x'.repeat(3 * MIB)
  const costly = [millionOf('1'), millionOf('{}'), millionOf('12345678901234567890'), `"${'\\"'.repeat(MIB / 2)}"`]
  switch (kind) {
    case 'bodies over 2 MiB':
      return {
        everyMs: 50,
        one: (n) =>
          send(port, { path: '/jsonrpc', body: execute(`"${large}"`), headers: bearer, chunked: n % 2 === 0 }),
      }
    case 'deep JSON':
      return {
        everyMs: 100,
        one: (n) => {
          const deep = n % 4 < 2 ? '['.repeat(2 * MIB - 200) : '{"a":'.repeat(MIB / 3)
          return send(port, { path: '/jsonrpc', body: n % 2 === 0 ? execute(deep) : deep, headers: bearer })
        },
      }
    case 'JSON of 2 MiB that is costly to read':
      return {
        everyMs: 500,
        one: (n) => send(port, { path: '/jsonrpc', body: execute(costly[n % costly.length] ?? ''), headers: bearer }),
      }
    case 'huge headers':
      return { everyMs: 10, one: () => send(port, { path: '/jsonrpc', headers: { ...bearer, x: 'x'.repeat(20_000) } }) }
    case 'replayed and forged tokens':
      return {
        everyMs: 10,
        one: (n) => {
          if (n % 2 === 0) return send(port, { path: '/auth/refresh', body: JSON.stringify(spent) })
          const forged = `${token.slice(0, -20)}${'A'.repeat(20)}`
          return send(port, {
            path: '/jsonrpc',
            body: execute('{}'),
            headers: { ...bearer, authorization: `Bearer ${forged}` },
          })
        },
      }
    default:
      return {
        everyMs: 20,
        one: (n) => {
          const username = n % 2 === 0 ? 'ann' : `user ${n}`
          const provider_data = { username, password: `wrong password ${n}` }
          const login = {
            auth_method: 'user_password',
            public_key: username,
            client_name: 'x',
            timestamp: 1,
            provider_data,
          }
          return send(port, { path: '/auth/token', body: JSON.stringify(login) })
        },
      }
  }
}

async function attack(task: AttackTask): Promise<void> {
  const { kind, port, forMs } = task
  const endMs = performance.now() + forMs
  const head = 'POST /auth/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n'
  if (kind === 'idle connections') {
    await openMany(port, IDLE, '')
    await pause(Math.max(0, endMs - performance.now()))
    return
  }
  if (kind === 'pipelines') {
    const pipelined = 'GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(PIPELINED)
    for (; performance.now() < endMs; await pause(100)) (await open(port, pipelined)).pause()
    return
  }
  if (kind === 'does not read') {
    const asked = 'GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(10)
    for (; performance.now() < endMs; await pause(UNREAD_EVERY_MS)) (await open(port, asked)).pause()
    return
  }
  if (kind === 'slow headers' || kind === 'slow bodies') {
    const [first, piece] =
      kind === 'slow headers' ? [head, 'X-A: b\r\n'] : [`${head}Content-Length: 1000000\r\n\r\n{`, ' ']
    await openMany(port, SLOW, first)
    while (performance.now() < endMs) {
      for (const socket of sockets) if (socket.writable) socket.write(piece)
      await pause(1_000)
    }
    return
  }
  const { everyMs, one } = pacedAttack(task)
  for (let n = 0; performance.now() < endMs; n += 1) {
    one(n)
    await pause(everyMs)
  }
}

process.on('message', async (task: AttackTask) => {
  await attack(task)
  const open = sockets.size
  for (const socket of sockets) {
    sockets.delete(socket)
    socket.destroy()
  }
  process.send?.({ counts: { ...counts, 'open at the end': open }, openAtMost })
})
process.on('disconnect', () => process.exit())
