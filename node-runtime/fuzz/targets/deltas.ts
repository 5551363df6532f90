// Deltas of peers, and what is sealed in them.
import { encode } from '@ipld/dag-cbor'
import { idBytes } from '../../src/base/ids.ts'
import { seal } from '../../src/base/keys.ts'
import type { Random } from '../../src/base/random.ts'
import {
  codeCutOf,
  decodeDelta,
  encodeDelta,
  isSamePayload,
  openDelta,
  previousOf,
  sealDelta,
  verifyDelta,
} from '../../src/wire/delta.ts'
import {
  alice,
  delta,
  followsOn,
  groupKey,
  madeEarlier,
  payload,
  rewritten,
  together,
} from '../../src/wire/messages.fixture.ts'
import type { Target } from '../target.ts'
import { WIRE } from './codec-target.ts'
import { lookTwice } from './look-twice.ts'

const fixedRandom: Random = { bytes: (length) => new Uint8Array(length).fill(7), float: () => 0.5 }

const deltaTarget: Target = {
  name: 'delta',
  decoders: ['wire/delta.ts#decodeDelta'],
  codes: WIRE,
  format: 'cbor',
  seeds: [delta, { ...delta, parents: [], governance: [] }, rewritten, followsOn, madeEarlier, ...together].map(
    encodeDelta,
  ),
  run(input) {
    const decoded = decodeDelta(input)
    lookTwice(() => verifyDelta(decoded))
    const previous = previousOf(decoded)
    if (previous !== undefined && !decoded.parents.includes(previous)) throw new Error('the one before is no parent')
    codeCutOf(decoded)
    // Of the value itself the bytes are remembered: only a copy is encoded.
    return encodeDelta({ ...decoded })
  },
}

const { id: _, sealed: __, signature: ___, ...header } = delta
// What the sealed payload is bound to. Made here, because nothing outside of the wire has to say it.
const aad = encode([
  'delta-header/2',
  {
    contextId: idBytes(header.contextId),
    author: idBytes(header.author),
    parents: header.parents.map(idBytes),
    hlc: header.hlc,
    governance: header.governance.map(idBytes),
    keyId: idBytes(header.keyId),
    ...(header.rewrites === undefined ? {} : { rewrites: header.rewrites.map(idBytes) }),
  },
])

const payloadBytes = (value: typeof payload) =>
  encode(['payload/1', { artifact: value.artifact, events: [...value.events], depth: value.depth }])

const payloadTarget: Target = {
  name: 'delta-payload',
  decoders: ['wire/delta.ts#openDelta'],
  codes: WIRE,
  format: 'cbor',
  seeds: [payloadBytes(payload), payloadBytes({ ...payload, events: [], depth: 0 })],
  run(input) {
    const sealed = seal(groupKey, input, aad, fixedRandom)
    const received = { ...delta, sealed }
    const opened = openDelta(received, groupKey)
    if (!isSamePayload({ ...openDelta(received, groupKey) }, opened))
      throw new Error('opened twice it says something else')
    const again = sealDelta({ header, payload: opened, groupKey, signingKey: alice, random: fixedRandom })
    // Equal plaintexts under equal nonces are equal bytes.
    return Buffer.compare(again.sealed, sealed) === 0 ? input : again.sealed
  },
}

const sealedTarget: Target = {
  name: 'delta-sealed',
  decoders: ['wire/delta.ts#openDelta', 'base/keys.ts#open'],
  codes: ['KEY_CANNOT_OPEN'],
  format: 'binary',
  seeds: [delta.sealed],
  run(input) {
    openDelta({ ...delta, sealed: input }, groupKey)
    return input.byteLength === delta.sealed.byteLength ? delta.sealed : new Uint8Array(0)
  },
}

export const deltaTargets: readonly Target[] = [deltaTarget, payloadTarget, sealedTarget]
