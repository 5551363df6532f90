import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { lookUp, lookUpToConnect } from './look-up.ts'

/** A name that no system asks a name server for: the label is too long. */
const IMPOSSIBLE = `${'x'.repeat(64)}.example`

let folder: string
let hostsFile: string
let resolverFile: string
const sockets: Socket[] = []

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'look-up-'))
  hostsFile = path.join(folder, 'hosts')
  resolverFile = path.join(folder, 'resolv.conf')
  await writeFile(resolverFile, '# search nowhere.example\nnameserver 192.0.2.1\n')
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await rm(folder, { recursive: true })
})

/** A name server of RFC 1035 over UDP that says of names it knows that they have no address, and nothing of any other. */
async function nameServer(...known: string[]) {
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
    const name = labels.join('.')
    asked.push(name)
    if (!known.includes(name)) return
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(0x8183, 2)
    head.fill(0, 8)
    socket.send(Buffer.concat([head, query.subarray(12, at + 5)]), port, address)
  })
  await once(socket, 'listening')
  return { asked, sources: { hostsFile, resolverFile, servers: [`127.0.0.1:${socket.address().port}`], answerMs: 50 } }
}

/** What the system says of a name: asked for it, it was not stopped by silence. */
const byTheSystem = { syscall: 'getaddrinfo' }

describe('the system is asked', () => {
  it('for what the hosts file names, and for this machine, whatever name servers do', async () => {
    const { asked, sources } = await nameServer()
    await writeFile(hostsFile, `10.0.0.9 ${IMPOSSIBLE}\n`)
    await expect(lookUp(IMPOSSIBLE, sources)).rejects.toMatchObject(byTheSystem)
    expect((await lookUp('localhost', sources)).map(({ address }) => address)).toContain('127.0.0.1')
    await expect(lookUp('a..local', sources)).rejects.toMatchObject(byTheSystem)
    expect(asked).toEqual([])
  })

  it('where a name server answers, with whatever', async () => {
    const { asked, sources } = await nameServer('a..b', 'peer.example')
    // Of an empty label: the system asks nobody, c-ares has its answer at once.
    await expect(lookUp('a..b', sources)).rejects.toMatchObject(byTheSystem)
    expect(asked).toEqual([])
  })

  it('where one answers for the search domain alone', async () => {
    await writeFile(resolverFile, 'nameserver 192.0.2.1\nsearch svc.example other.example\n')
    const { asked, sources } = await nameServer('127.1.svc.example')
    // An address of the old kind: a name for us, none for the system.
    expect(await lookUp('127.1', sources)).toEqual([{ address: '127.0.0.1', family: 4 }])
    expect(asked).toEqual(expect.arrayContaining(['127.1', '127.1.svc.example']))
  })
})

describe('where no name server answers', () => {
  it('the system is not: it would hold a thread', async () => {
    const { asked, sources } = await nameServer()
    await expect(lookUp('127.1', sources)).rejects.toMatchObject({ code: 'ETIMEOUT', syscall: 'queryA' })
    expect(asked).toContain('127.1')
  })

  it('a look-up is called off by its signal', async () => {
    const { asked, sources } = await nameServer()
    const stop = new AbortController()
    const looking = lookUp('127.1', { ...sources, answerMs: 600_000, signal: stop.signal })
    looking.catch(() => {})
    await vi.waitFor(() => expect(asked).toContain('127.1'), 60_000)
    stop.abort(new Error('stop'))
    await expect(looking).rejects.toThrow('stop')
    await expect(lookUp('127.1', { ...sources, answerMs: 600_000, signal: stop.signal })).rejects.toThrow('stop')
  })
})

it('serves net.connect', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ host: 'localhost', port, family: 4, lookup: lookUpToConnect })
  await once(socket, 'connect')
  expect(socket.remoteAddress).toBe('127.0.0.1')
  socket.destroy()
  server.close()
})
