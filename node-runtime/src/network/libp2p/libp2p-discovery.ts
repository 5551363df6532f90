// The optional ways to find more peers: DHT and mDNS. Loaded only where asked for.

import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { Bytes } from '../../base/bytes.ts'
import { PROVIDERS_MAX } from '../limits.ts'
import type { PeerId } from '../network.ts'

const SHA2_256 = 0x12

type PeerDiscoveryFactories = NonNullable<
  NonNullable<Parameters<typeof import('libp2p').createLibp2p>[0]>['peerDiscovery']
>

export interface Discovery {
  /** Makes the DHT service; undefined where none is wanted. */
  dht(protocolPrefix: string): (components: KadDHTComponents) => KadDHT | undefined
  peerDiscovery(networkId: string): PeerDiscoveryFactories
}

export async function loadDiscovery(want: { readonly dht: boolean; readonly mdns: boolean }): Promise<Discovery> {
  const [kad, multicast] = await Promise.all([
    want.dht ? import('@libp2p/kad-dht') : undefined,
    want.mdns ? import('@libp2p/mdns') : undefined,
  ])
  return {
    dht: (protocolPrefix) =>
      kad
        ? kad.kadDHT({
            protocol: `/${protocolPrefix}/kad/1`,
            clientMode: false,
            // The default mapper drops loopback addresses: a run on one machine would have an empty table.
            peerInfoMapper: kad.passthroughMapper,
            // Queries of an idle node cost CPU; content is looked up rarely.
            querySelfInterval: 300_000,
            initialQuerySelfInterval: 30_000,
            allowQueryWithZeroPeers: true,
          })
        : () => undefined,
    peerDiscovery: (networkId) =>
      multicast ? [multicast.mdns({ serviceTag: `_${serviceName(networkId)}._udp.local`, interval: 10_000 })] : [],
  }
}

/** A DNS label of at most 15 characters. */
function serviceName(networkId: string): string {
  return `cb-${Buffer.from(networkId).toString('hex').slice(-12)}`
}

function cidOf(key: Bytes): CID {
  return CID.createV1(raw.code, createDigest(SHA2_256, key))
}

export async function provide(dht: KadDHT, key: Bytes, signal?: AbortSignal): Promise<void> {
  for await (const _ of dht.provide(cidOf(key), signal ? { signal } : {})) {
    // Each event is one step of the walk; only its end matters.
  }
}

export async function providers(dht: KadDHT, key: Bytes, signal?: AbortSignal): Promise<PeerId[]> {
  const found = new Set<PeerId>()
  for await (const event of dht.findProviders(cidOf(key), signal ? { signal } : {})) {
    if (event.name !== 'PROVIDER' && event.name !== 'PEER_RESPONSE') continue
    for (const peer of event.providers) found.add(peer.id.toString())
    if (found.size >= PROVIDERS_MAX) break
  }
  return [...found].slice(0, PROVIDERS_MAX)
}
