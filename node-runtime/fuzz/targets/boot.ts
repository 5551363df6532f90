// What nodes and boot nodes say to each other.
import type { Bytes } from '../../src/base/bytes.ts'
import { fromBase58 } from '../../src/base/bytes.ts'
import { decodeHop, decodeStop, encodeHop, encodeStop } from '../../src/network/libp2p/relay/circuit-messages.ts'
import { decodeUpgrade, encodeUpgrade } from '../../src/network/libp2p/relay/direct/upgrade-messages.ts'
import { bootArrivalMessage, bootDirectoryMessage } from '../../src/wire/boot-messages.ts'
import type { Target } from '../target.ts'
import { codecTarget } from './codec-target.ts'

const PEER = '12D3KooWR5V4zmisVtVdGE6i8jfFwtgRNq5t8eDGxfckKuhXu7Eh'
const ADDRESS = '/ip4/10.0.0.2/tcp/2428'
const peer = fromBase58(PEER)

/** Protobuf has several byte forms for one value; what is read must at least be what is written and read again. */
function circuit<T>(
  name: string,
  encode: (value: T) => Bytes,
  decode: (bytes: Bytes) => T,
  seeds: readonly T[],
  file = 'circuit-messages.ts',
): Target {
  return {
    name: `circuit-${name.slice('decode'.length).toLowerCase()}`,
    decoders: [`network/libp2p/relay/${file}#${name}`],
    codes: ['FRAME_INVALID'],
    format: 'binary',
    seeds: seeds.map(encode),
    run(input) {
      decode(encode(decode(input)))
      return undefined
    },
  }
}

export const bootTargets: readonly Target[] = [
  codecTarget('boot-arrival', bootArrivalMessage, 'wire/boot-messages.ts#bootArrivalMessage', [
    bootArrivalMessage.encode({ addresses: [] }),
    bootArrivalMessage.encode({ addresses: [ADDRESS, `${ADDRESS}/p2p/${PEER}`] }),
  ]),
  codecTarget('boot-directory', bootDirectoryMessage, 'wire/boot-messages.ts#bootDirectoryMessage', [
    bootDirectoryMessage.encode({ peers: [] }),
    bootDirectoryMessage.encode({
      peers: [
        { peer: PEER, addresses: [ADDRESS], relayed: true },
        { peer: PEER, addresses: [], relayed: false },
      ],
    }),
  ]),
  circuit('decodeHop', encodeHop, decodeHop, [
    { t: 'reserve' },
    { t: 'connect', peer },
    { t: 'status', status: 100, expiresSec: 1_800_000_000 },
    { t: 'status', status: 204 },
  ]),
  circuit('decodeStop', encodeStop, decodeStop, [
    { t: 'connect', peer },
    { t: 'status', status: 100 },
  ]),
  circuit(
    'decodeUpgrade',
    encodeUpgrade,
    decodeUpgrade,
    [{ t: 'connect', addresses: [ADDRESS, '/ip6/2001:db8::1/tcp/9'] }, { t: 'connect', addresses: [] }, { t: 'sync' }],
    'direct/upgrade-messages.ts',
  ),
]
