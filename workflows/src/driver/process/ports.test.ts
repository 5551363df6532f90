import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isPortFree, PortReservations } from './ports.ts'

let dir: string
let servers: Server[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-ports-'))
  servers = []
})

afterEach(() => {
  for (const server of servers) server.close()
  rmSync(dir, { recursive: true, force: true })
})

function listen(host: string, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    servers.push(server)
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

test.for(['127.0.0.1', '0.0.0.0'])('a port somebody listens on at %s is not free', async (host) => {
  expect(await isPortFree(await listen(host))).toBe(false)
})

test('a reserved port is kept from others, of this object too, until it is released', async () => {
  const [mine, theirs] = [new PortReservations(dir), new PortReservations(dir)]
  const { port } = await mine.choose({ of: 'a', port: 15_000, explicit: false })
  expect(await theirs.tryReserve(port)).toBe(false)
  expect(await mine.tryReserve(port)).toBe(false)
  await mine.releaseAll()
  expect(await theirs.tryReserve(port)).toBe(true)
  await theirs.releaseAll()
})

test('who asks for a reserved port does not bind it to look: its node may be binding it at that moment', async () => {
  const [mine, theirs] = [new PortReservations(dir), new PortReservations(dir)]
  const { port } = await mine.choose({ of: 'rpc of n1', port: 15_000, explicit: false })
  const asking = [
    theirs.choose({ of: 'rpc of n2', port, explicit: true }),
    theirs.check({ of: 'rpc of n2', port }),
    theirs.choose({ of: 'rpc of n2', port, explicit: false }),
  ] as const
  const bound = listen('127.0.0.1', port)
  const answers = await Promise.allSettled(asking)
  expect(await bound).toBe(port)
  expect(answers).toMatchObject([
    { status: 'rejected', reason: { code: 'PORT_BUSY' } },
    { status: 'rejected', reason: { code: 'PORT_BUSY' } },
    { status: 'fulfilled', value: { moved: expect.stringContaining(`port ${port} (rpc of n2) is in use`) } },
  ])
  await Promise.all([mine, theirs].map((each) => each.releaseAll()))
})

test('who has reserved a port is named, before anybody listens on it', async () => {
  const [mine, theirs] = [new PortReservations(dir), new PortReservations(dir)]
  const { port } = await mine.choose({ of: 'rpc of n1', port: 15_000, explicit: false })
  const message = `port ${port} (rpc of n2) is in use: calbox ${process.pid} has reserved it`
  await expect(theirs.check({ of: 'rpc of n2', port })).rejects.toThrow(message)
  await mine.releaseAll()
  await theirs.check({ of: 'rpc of n2', port })
  expect(await mine.tryReserve(port)).toBe(false)
  await theirs.releaseAll()
})

test('the port of a node that is taken over is kept for its next start', async () => {
  const [mine, theirs] = [new PortReservations(dir), new PortReservations(dir)]
  const port = await listen('127.0.0.1')
  await mine.keep(port)
  expect(await mine.tryReserve(port)).toBe(false)
  await new Promise((done) => servers.pop()?.close(done))
  expect(await theirs.tryReserve(port)).toBe(false)
  expect(await mine.choose({ of: 'rpc of n1', port, explicit: true })).toEqual({ port })
  expect(await mine.tryReserve(port)).toBe(false)
  await mine.releaseAll()
  expect(await theirs.tryReserve(port)).toBe(true)
  await theirs.releaseAll()
})

test('two nodes that ask for one port are told so', async () => {
  const ports = new PortReservations(dir)
  const { port } = await ports.choose({ of: 'rpc of n1', port: 15_000, explicit: false })
  await expect(ports.choose({ of: 'rpc of n2', port, explicit: true })).rejects.toMatchObject({
    code: 'PORT_BUSY',
    message: expect.stringContaining(`port ${port} (rpc of n2) is taken by another node of this network`),
  })
  await ports.releaseAll()
})

test('a wished port that is taken is replaced, and the holder is named', async () => {
  const ports = new PortReservations(dir)
  const port = await listen('127.0.0.1')
  const chosen = await ports.choose({ of: 'rpc of n1', port, explicit: false })
  expect(chosen.port).not.toBe(port)
  expect(chosen.moved).toMatch(
    new RegExp(`^port ${port} \\(rpc of n1\\) is in use by pid ${process.pid} .*; using ${chosen.port} instead$`),
  )
  await ports.releaseAll()
})
