import { createServer, type Server, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { signingKeyFromSeed } from '../base/keys.ts'
import { silentLogger } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import { libp2pNetwork } from './libp2p.ts'
import { networkContract } from './network-contract.ts'
import { publicKeyOfPeer } from './peer-id.ts'

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

describe('libp2p', () => {
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
