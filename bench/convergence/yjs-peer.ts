// The peer of the comparison: a Yjs map over gossipsub, in a process of its own. Takes its own address and those of the
// others, prints `ready` when it is in the mesh, and writes when it is told to. Gossip is all it has: no store, no
// signatures, no repair.
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { applyUpdate, Doc } from 'yjs'

const TOPIC = 'writes'
const DIAL_EVERY_MS = 200
const [name = '', countText = '0', own = '', ...others] = process.argv.slice(2)
const count = Number(countText)
const total = count * (others.length + 1)

const node = await createLibp2p({
  addresses: { listen: [own] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: {
    identify: identify(),
    pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, scoreParams: { IPColocationFactorWeight: 0 } }),
  },
})
const { pubsub } = node.services
const doc = new Doc()
const map = doc.getMap('map')
let sent: Promise<unknown>[] = []

doc.on('update', (update: Uint8Array, origin: unknown) => {
  if (origin !== 'peer') sent.push(pubsub.publish(TOPIC, update))
})
map.observe(() => {
  if (map.size === total) process.send?.('complete')
})
pubsub.addEventListener('message', ({ detail }) => applyUpdate(doc, detail.data, 'peer'))
pubsub.subscribe(TOPIC)

const dialling = setInterval(() => {
  for (const other of others) node.dial(multiaddr(other)).catch(() => {})
  if (pubsub.getSubscribers(TOPIC).length < others.length) return
  clearInterval(dialling)
  process.send?.('ready')
}, DIAL_EVERY_MS)

process.on('message', async (message) => {
  if (message !== 'write') return
  for (let index = 0; index < count; index += 1) {
    map.set(`${name} ${index}`, `value ${index}`)
    // As a call is: the next one begins when this one has been handed on.
    await Promise.all(sent)
    sent = []
  }
  process.send?.('written')
})
process.on('disconnect', () => process.exit())
