// One end of the transfer: the network, the blob store and the exchange of a node, without the rest. Everybody is a
// member. Also speaks `raw/1`: as many frames of a MiB as are asked for, out of memory.

import { systemClock } from '../../node-runtime/src/base/clock.ts'
import { type ContextId, idFromBytes } from '../../node-runtime/src/base/ids.ts'
import { signingKeyFromSeed } from '../../node-runtime/src/base/keys.ts'
import { silentLogger } from '../../node-runtime/src/base/log.ts'
import { systemRandom } from '../../node-runtime/src/base/random.ts'
import { BlobStore } from '../../node-runtime/src/blobs/blob-store.ts'
import { threadDigest } from '../../node-runtime/src/blobs/digest.ts'
import { libp2pNetwork } from '../../node-runtime/src/network/libp2p/libp2p.ts'
import { BlobExchange } from '../../node-runtime/src/sync/blobs/blob-exchange.ts'

export const MIB = 1024 * 1024
export const RAW = 'raw/1'
export const CONTEXT = idFromBytes<ContextId>(new Uint8Array(32).fill(7))

export async function openPeer({ folder, networkId, boot }: { folder: string; networkId: string; boot: string[] }) {
  const network = await libp2pNetwork({
    identity: signingKeyFromSeed(systemRandom.bytes(32)),
    networkId,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootAddresses: boot,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
  })
  const blobs = await BlobStore.open(folder, systemRandom, { digest: threadDigest })
  const exchange = new BlobExchange({
    network,
    blobs,
    references: { holds: () => true, add: async () => {}, of: async () => [] },
    directory: {
      namespace: () => undefined,
      namespaceOf: () => undefined,
      namespacesNaming: () => [],
      mayRead: () => true,
    },
    clock: systemClock,
    log: silentLogger,
  })
  const frame = new Uint8Array(systemRandom.bytes(MIB))
  network.handle(RAW, async (_, stream) => {
    for await (const asked of stream.frames) {
      for (let left = Buffer.from(asked).readUInt32BE(); left > 0; left -= 1) await stream.send(frame)
      return
    }
  })
  network.subscribe(`ctx/${CONTEXT}`, () => {})
  await network.start()
  return { network, blobs, exchange }
}
