import { createServer, type Server, type Socket } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { taggedHash } from '../../base/hash.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { silentLogger } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { eventually, readAll } from '../contract-waits.ts'
import { INBOUND_STREAMS_PER_PROTOCOL_MAX } from '../limits.ts'
import type { Network } from '../network.ts'
import { networkContract } from '../network-contract.ts'
import { publicKeyOfPeer } from '../peer-id.ts'
import { libp2pNetwork } from './libp2p.ts'
import type { Libp2pNetworkOptions } from './libp2p-options.ts'

async function listenOnFreePort(onSocket?: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(onSocket)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server, port: address.port }
}

async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => listenOnFreePort()))
  await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))))
  return held.map(({ port }) => port)
}

const parts = { clock: systemClock, random: systemRandom, log: silentLogger }
const newIdentity = () => signingKeyFromSeed(systemRandom.bytes(32))

networkContract('libp2p', async () => {
  const ports = await freePorts(8)
  const address = (index: number) => `/ip4/127.0.0.1/tcp/${ports[index]}`
  return {
    address,
    create: ({ index, boot, networkId }) =>
      libp2pNetwork({
        ...parts,
        identity: newIdentity(),
        networkId: networkId ?? 'contract',
        listen: [address(index)],
        bootAddresses: boot.map(address),
      }),
    close: async () => {},
  }
})

/** Two connected nodes with different limits. */
async function unequalPair(
  limits: readonly [Libp2pNetworkOptions['streamLimits'], Libp2pNetworkOptions['streamLimits']],
  prepare: (network: Network) => void,
): Promise<[Network, Network]> {
  const [port = 0] = await freePorts(1)
  const address = `/ip4/127.0.0.1/tcp/${port}`
  const make = (index: 0 | 1) =>
    libp2pNetwork({
      ...parts,
      identity: newIdentity(),
      networkId: 'limits',
      listen: [index === 0 ? address : '/ip4/127.0.0.1/tcp/0'],
      bootAddresses: index === 0 ? [] : [address],
      streamLimits: limits[index] ?? {},
    })
  const [a, b] = [await make(0), await make(1)]
  for (const network of [a, b]) {
    prepare(network)
    await network.start()
  }
  await eventually('a connection', () => a.peers().length * b.peers().length === 1)
  return [a, b]
}

describe('libp2p under a bad peer', () => {
  it('ends a stream on which it waits and nothing comes', async () => {
    const seen = Promise.withResolvers<unknown>()
    const [a, b] = await unequalPair([{ idleMs: 50 }, {}], (network) =>
      network.handle('quiet/1', async (_, stream) => {
        await readAll(stream.frames).then(seen.resolve, seen.resolve)
      }),
    )
    const stream = await b.open(a.peerId, 'quiet/1')
    expect(await seen.promise).toMatchObject({ code: 'STREAM_IDLE' })
    await expect(readAll(stream.frames)).rejects.toMatchObject({ code: 'STREAM_RESET' })
    await Promise.all([a.close(), b.close()])
  })

  it('ends a stream whose reader does not read', async () => {
    const gate = Promise.withResolvers<void>()
    const [a, b] = await unequalPair([{}, { idleMs: 200 }], (network) => network.handle('deaf/1', () => gate.promise))
    const stream = await b.open(a.peerId, 'deaf/1')
    const flood = async () => {
      for (;;) await stream.send(new Uint8Array(1024 * 1024))
    }
    await expect(flood()).rejects.toMatchObject({ code: 'STREAM_IDLE' })
    gate.resolve()
    await Promise.all([a.close(), b.close()])
  })

  it('ends a stream that announces a frame over its limit, before it comes', async () => {
    const seen = Promise.withResolvers<unknown>()
    const [a, b] = await unequalPair([{ frameMaxBytes: 1000 }, {}], (network) =>
      network.handle('big/1', async (_, stream) => {
        await readAll(stream.frames).then(seen.resolve, seen.resolve)
      }),
    )
    const stream = await b.open(a.peerId, 'big/1')
    await stream.send(new Uint8Array(1001)).catch(() => {})
    expect(await seen.promise).toMatchObject({ code: 'FRAME_TOO_LARGE' })
    await Promise.all([a.close(), b.close()])
  })

  it('serves only so many streams of a protocol to one peer at a time', async () => {
    let running = 0
    let most = 0
    const gate = Promise.withResolvers<void>()
    const [a, b] = await unequalPair([{}, {}], (network) =>
      network.handle('hold/1', async () => {
        most = Math.max(most, ++running)
        await gate.promise
        running -= 1
      }),
    )
    const ends = await Promise.all(
      Array.from({ length: INBOUND_STREAMS_PER_PROTOCOL_MAX + 4 }, async () => {
        try {
          const stream = await b.open(a.peerId, 'hold/1')
          await readAll(stream.frames)
          return 'served'
        } catch {
          // Refused when opened, or reset right after.
          if (most === INBOUND_STREAMS_PER_PROTOCOL_MAX) gate.resolve()
          return 'refused'
        }
      }),
    )
    expect(most).toBe(INBOUND_STREAMS_PER_PROTOCOL_MAX)
    expect(ends).toContain('refused')
    await Promise.all([a.close(), b.close()])
  })
})

describe('libp2p', () => {
  it('counts connections by who dialled, and dials that bring none', async () => {
    const [a, b] = await unequalPair([{}, {}], () => {})
    await eventually('both to say who they are', () => a.counts?.()?.identified === 1 && b.counts?.()?.identified === 1)
    const [port = 0] = await freePorts(1)
    await expect(b.dial(`/ip4/127.0.0.1/tcp/${port}`)).rejects.toMatchObject({ code: 'DIAL_FAILED' })
    expect(a.counts?.()).toMatchObject({ dials: 0, opened: { dialer: 0, listener: 1 } })
    expect(b.counts?.()).toMatchObject({ dials: 2, failedDials: 1, opened: { dialer: 1, listener: 0 } })
    await b.close()
    await eventually('the end of the connection', () => a.counts?.()?.closed.listener === 1)
    await a.close()
  })

  it.each([
    ['Ed25519', 1],
    ['secp256k1', 0],
  ] as const)('takes who knows its network and has a key of %s: %i', async (kind, count) => {
    const [port = 0] = await freePorts(1)
    const address = `/ip4/127.0.0.1/tcp/${port}`
    const network = await libp2pNetwork({
      ...parts,
      identity: newIdentity(),
      networkId: 'keys',
      listen: [address],
      bootAddresses: [],
    })
    const met: string[] = []
    network.on('peer:connect', (peer) => met.push(peer))
    await network.start()
    const other = await createLibp2p({
      privateKey: await generateKeyPair(kind),
      transports: [tcp()],
      connectionEncrypters: [noise({ prologueBytes: taggedHash('calbox/network/1', utf8('keys')) })],
      streamMuxers: [yamux()],
    })
    const ended = new Promise((resolve) => other.addEventListener('connection:close', resolve))
    await other.dial(multiaddr(address)).catch(() => {})
    if (count === 0) await Promise.race([ended, eventually('the end', () => other.getConnections().length === 0)])
    else await eventually('the peer', () => met.length === 1)
    expect(met).toEqual(count === 0 ? [] : [other.peerId.toString()])
    await other.stop()
    await network.close()
  })

  it('has the node identity in its peer id', async () => {
    const identity = newIdentity()
    const network = await libp2pNetwork({ ...parts, identity, networkId: 'x', listen: [], bootAddresses: [] })
    expect(publicKeyOfPeer(network.peerId)).toBe(identity.publicKey)
    await network.close()
  })

  it('finds what a peer provides through the DHT', async () => {
    const ports = await freePorts(3)
    const addresses = ports.map((port) => `/ip4/127.0.0.1/tcp/${port}`)
    const make = (listen: string) =>
      libp2pNetwork({
        ...parts,
        identity: newIdentity(),
        networkId: 'dht',
        listen: [listen],
        bootAddresses: addresses,
        dht: true,
      })
    const nodes = await Promise.all(addresses.map(make))
    for (const node of nodes) node.subscribe('run', () => {})
    await Promise.all(nodes.map((node) => node.start()))
    await Promise.all(nodes.map((node) => node.meshReady({ degree: 3, topic: 'run', helloDone: () => true })))
    const key = systemRandom.bytes(32)
    await nodes[0]?.provide(key)
    expect(await nodes[2]?.providers(key)).toContain(nodes[0]?.peerId)
    await Promise.all(nodes.map((node) => node.close()))
  })

  it('closes while a peer accepts connections and never answers', async () => {
    const sockets: Socket[] = []
    const { server, port } = await listenOnFreePort((socket) => sockets.push(socket))
    const connected = new Promise((resolve) => server.once('connection', resolve))
    const network = await libp2pNetwork({
      ...parts,
      identity: newIdentity(),
      networkId: 'x',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootAddresses: [`/ip4/127.0.0.1/tcp/${port}`],
    })
    await network.start()
    await connected
    await network.close()
    expect(network.peers()).toEqual([])
    for (const socket of sockets) socket.destroy()
    server.close()
  })
})
