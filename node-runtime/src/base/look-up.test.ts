import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lookUp, lookUpToConnect } from './look-up.ts'

const [A, AAAA] = [1, 28]

interface NameServer {
  readonly at: string
  readonly asked: string[]
}

let folder: string
let hostsFile: string
const sockets: Socket[] = []

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'look-up-'))
  hostsFile = path.join(folder, 'hosts')
  await writeFile(hostsFile, '127.0.0.1 localhost\n')
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await rm(folder, { recursive: true })
})

/** A name server of RFC 1035 over UDP that knows `records`; to what is `undefined` it says nothing. */
async function nameServer(records: Record<string, { [type: number]: number[] } | undefined>): Promise<NameServer> {
  const asked: string[] = []
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  sockets.push(socket)
  socket.on('message', (query, { port, address }) => {
    const labels: string[] = []
    let at = 12
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.subarray(at + 1, at + 1 + length).toString())
      at += 1 + length
    }
    const [name, type] = [labels.join('.'), query.readUInt16BE(at + 1)]
    asked.push(`${name} ${type}`)
    if (name in records && records[name] === undefined) return
    const data = records[name]?.[type]
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(name in records ? 0x8180 : 0x8183, 2)
    head.writeUInt16BE(data ? 1 : 0, 6)
    head.fill(0, 8)
    const record = data ? [Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 9, 0, data.length, ...data])] : []
    socket.send(Buffer.concat([head, query.subarray(12, at + 5), ...record]), port, address)
  })
  await once(socket, 'listening')
  return { at: `127.0.0.1:${socket.address().port}`, asked }
}

it('the hosts file comes first, whatever the name servers say', async () => {
  const server = await nameServer({ 'peer.example': { [A]: [10, 0, 0, 1] } })
  await writeFile(hostsFile, '# 10.0.0.8 peer.example\n10.0.0.9\tother Peer.Example # ours\nfd00::9 peer.example\n')
  expect(await lookUp('peer.example', { hostsFile, servers: [server.at] })).toEqual([
    { address: '10.0.0.9', family: 4 },
    { address: 'fd00::9', family: 6 },
  ])
  expect(server.asked).toEqual([])
})

it('addresses of both families are those of the name servers, without a hosts file, too', async () => {
  const server = await nameServer({
    both: { [A]: [10, 0, 0, 1], [AAAA]: [0xfd, ...Array.from({ length: 14 }, () => 0), 1] },
    four: { [A]: [10, 0, 0, 4] },
  })
  await rm(hostsFile)
  const sources = { hostsFile, servers: [server.at] }
  expect(await lookUp('both', sources)).toEqual([
    { address: '10.0.0.1', family: 4 },
    { address: 'fd00::1', family: 6 },
  ])
  expect(await lookUp('four', sources)).toEqual([{ address: '10.0.0.4', family: 4 }])
})

it('what no name server has is asked of the system', async () => {
  const server = await nameServer({})
  await rm(hostsFile)
  const found = await lookUp('localhost', { hostsFile, servers: [server.at] })
  expect(found.map(({ address }) => address)).toContain('127.0.0.1')
  await expect(lookUp('nobody.invalid', { hostsFile, servers: [server.at] })).rejects.toThrow('nobody.invalid')
})

it('where no name server answers the system is not asked: it would hold a thread', async () => {
  const server = await nameServer({ localhost: undefined })
  await rm(hostsFile)
  await expect(lookUp('localhost', { hostsFile, servers: [server.at], answerMs: 50 })).rejects.toMatchObject({
    code: 'ETIMEOUT',
    syscall: 'queryA',
  })
})

it('serves net.connect', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { connect } = await import('node:net')
  const { port } = server.address() as { port: number }
  const socket = connect({ host: 'localhost', port, lookup: lookUpToConnect })
  await once(socket, 'connect')
  expect(socket.remoteAddress).toBe('127.0.0.1')
  socket.destroy()
  server.close()
  const error = await new Promise((resolve) => lookUpToConnect('localhost', { family: 4 }, (...all) => resolve(all)))
  expect(error).toEqual([null, '127.0.0.1', 4])
})
