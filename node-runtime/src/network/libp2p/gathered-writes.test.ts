import { once } from 'node:events'
import { createServer, type LookupFunction, type Server, Socket } from 'node:net'
import { tcp } from '@libp2p/tcp'
import type { AbstractMultiaddrConnection } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, it, vi } from 'vitest'
import { WRITES_GATHERED_BYTES } from '../limits.ts'
import { gatheredTcp } from './gathered-writes.ts'

const servers: Server[] = []

afterEach(() => {
  vi.restoreAllMocks()
  for (const server of servers.splice(0)) server.close()
})

/** A raw connection to somebody who keeps what comes, and how many writes it has made to the system. */
async function dialled(make: typeof gatheredTcp, host = '/ip4/127.0.0.1', options: object = {}) {
  const came: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('data', (data) => came.push(data))
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const ended = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const log = Object.assign(() => {}, { error: () => {}, trace: () => {}, newScope: () => log })
  const logger = { forComponent: () => log } as unknown as Parameters<ReturnType<typeof tcp>>[0]['logger']
  let raw: AbstractMultiaddrConnection | undefined
  const upgrader = {
    upgradeOutbound: async (connection: AbstractMultiaddrConnection) => {
      raw = connection
      return connection
    },
  }
  const given = { upgrader, signal: AbortSignal.timeout(60_000) } as unknown as Parameters<
    ReturnType<ReturnType<typeof tcp>>['dial']
  >[1]
  await make(options)({ logger }).dial(multiaddr(`${host}/tcp/${address.port}`), given)
  if (!raw) throw new Error('no connection')
  const writes = vi.spyOn(Socket.prototype as unknown as { _writeGeneric(): void }, '_writeGeneric')
  return { connection: raw, writes, received: () => Buffer.concat(came), ended }
}

it.each([
  ['one, in order', gatheredTcp, 1],
  ['as many by the library alone', tcp as typeof gatheredTcp, 10],
])('ten small messages of one turn are writes: %s', async (_, make, count) => {
  const { connection, writes, received, ended } = await dialled(make)
  for (let index = 0; index < 10; index += 1) connection.send(Uint8Array.of(index))
  await connection.close()
  await ended
  expect([...received()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(writes).toHaveBeenCalledTimes(count)
})

it('a name is looked up with what the dial options have, which the library does not know of', async () => {
  const asked: string[] = []
  const lookup: LookupFunction = (name, _options, done) => {
    asked.push(name)
    done(null, [{ address: '127.0.0.1', family: 4 }])
  }
  const { connection } = await dialled(gatheredTcp, '/dns4/peer.example', { dialOpts: { lookup } })
  await connection.close()
  expect(asked).toEqual(['peer.example'])
})

it('much does not wait for the end of the turn', async () => {
  const { connection, writes, received, ended } = await dialled(gatheredTcp)
  connection.send(new Uint8Array(WRITES_GATHERED_BYTES))
  expect(writes).toHaveBeenCalledTimes(1)
  await connection.close()
  await ended
  expect(received().byteLength).toBe(WRITES_GATHERED_BYTES)
})

it('what was written goes before the connection is reset', async () => {
  const { connection, writes } = await dialled(gatheredTcp)
  connection.send(Uint8Array.of(1))
  expect(writes).toHaveBeenCalledTimes(0)
  connection.abort(new Error('over'))
  expect(writes).toHaveBeenCalledTimes(1)
})
