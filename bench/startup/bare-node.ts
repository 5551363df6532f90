// The peer to compare with: what a node costs that is nothing but libp2p. TCP, Noise, Yamux, identify and gossipsub with
// the settings that ten nodes on one host need, one topic, three dials with retry. Prints one line when meshed.
import { enableCompileCache, flushCompileCache } from 'node:module'

enableCompileCache()
setTimeout(() => flushCompileCache(), 2000).unref()

const [{ createLibp2p }, { tcp }, { noise }, { yamux }, { identify }, { gossipsub }, { multiaddr }] = await Promise.all(
  [
    import('libp2p'),
    import('@libp2p/tcp'),
    import('@libp2p/noise'),
    import('@libp2p/yamux'),
    import('@libp2p/identify'),
    import('@libp2p/gossipsub'),
    import('@multiformats/multiaddr'),
  ],
)

const TOPIC = 'run'
const DEGREE = 3
const RETRY_MS = 50

const [own = '', ...others] = process.argv.slice(2)
const wanted = Math.min(DEGREE, others.length)

const node = await createLibp2p({
  addresses: { listen: [own] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: {
    inboundConnectionThreshold: 1000,
    maxIncomingPendingConnections: 128,
    maxParallelDials: 3,
    addressDialTimeout: 30_000,
    dialTimeout: 30_000,
    inboundUpgradeTimeout: 30_000,
  },
  services: {
    identify: identify(),
    pubsub: gossipsub({
      globalSignaturePolicy: 'StrictNoSign',
      allowPublishToZeroTopicPeers: true,
      scoreParams: { IPColocationFactorWeight: 0 },
    }),
  },
})
node.services.pubsub.subscribe(TOPIC)

async function dial(address: string): Promise<void> {
  for (;;) {
    try {
      await node.dial(multiaddr(address))
      return
    } catch {
      // Not up yet: all nodes start together.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}
for (const address of others.slice(0, wanted)) void dial(address)

while (node.getPeers().length < wanted || node.services.pubsub.getSubscribers(TOPIC).length === 0) {
  await new Promise((resolve) => setTimeout(resolve, 10))
}
process.stdout.write('meshed\n')
