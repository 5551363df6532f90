// Bytes that were sent or stored by a release must still decode to the same values. To add a kind: UPDATE_FIXTURES=1.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../base/bytes.ts'
import { codeCutOf, decodeDelta, encodeDelta, openDelta, previousOf, verifyDelta } from './delta.ts'
import { decodeGossip, encodeGossip, verifyHeads } from './gossip.ts'
import { encodeInvitationBody } from './invitation.ts'
import {
  delta,
  followsOn,
  gossips,
  groupKey,
  headsOfState,
  madeEarlier,
  ops,
  payload,
  plain,
  rewritten,
  seekings,
  together,
} from './messages.fixture.ts'
import { decodeOp, encodeOp, verifyOp } from './op.ts'
import { decodeSeeking, encodeSeeking, verifyHere } from './seeking.ts'

const file = new URL('./fixtures/v1.json', import.meta.url)

const current: Record<string, string> = {
  'delta.id': delta.id,
  delta: toHex(encodeDelta(delta)),
  'delta that rewrites': toHex(encodeDelta(rewritten)),
  'delta that follows on': toHex(encodeDelta(followsOn)),
  'delta of earlier code': toHex(encodeDelta(madeEarlier)),
  ...Object.fromEntries(together.map((each, index) => [`delta of a batch.${index}`, toHex(encodeDelta(each))])),
  ...Object.fromEntries(ops.map((op, index) => [`op.${index}.${op.body.kind}`, toHex(encodeOp(op))])),
  ...Object.fromEntries(gossips.map((gossip) => [`gossip.${gossip.t}`, toHex(encodeGossip(gossip))])),
  'gossip.heads.state': toHex(encodeGossip(headsOfState)),
  ...Object.fromEntries(seekings.map((seeking) => [`seeking.${seeking.t}`, toHex(encodeSeeking(seeking))])),
  invitation:
    ops.flatMap((op) =>
      op.body.kind === 'member_joined' ? [toHex(encodeInvitationBody(op.body.invitation))] : [],
    )[0] ?? '',
}
if (process.env.UPDATE_FIXTURES === '1') writeFileSync(file, `${JSON.stringify(current, null, 2)}\n`)
const golden = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
const bytesOf = (name: string) => fromHex(golden[name] ?? '')

test('every message kind has golden bytes, and they are what is encoded now', () => {
  expect(current).toEqual(golden)
})

test('the golden delta decodes, verifies and opens', () => {
  const decoded = decodeDelta(bytesOf('delta'))
  expect(plain(decoded)).toEqual(plain(delta))
  expect(decoded.id).toBe(golden['delta.id'])
  expect(verifyDelta(decoded)).toBe(true)
  expect(plain(openDelta(decoded, groupKey))).toEqual(plain(payload))
})

test('a golden delta that stands for another says for which', () => {
  const decoded = decodeDelta(bytesOf('delta that rewrites'))
  expect(plain(decoded)).toEqual(plain(rewritten))
  expect(plain(openDelta(decoded, groupKey))).toEqual(plain(payload))
})

test('a golden delta that follows on names its author’s one before it, among its parents', () => {
  const decoded = decodeDelta(bytesOf('delta that follows on'))
  expect(plain(decoded)).toEqual(plain(followsOn))
  expect([previousOf(decoded), previousOf(delta)]).toEqual([followsOn.parents[1], undefined])
  expect(plain(openDelta(decoded, groupKey))).toEqual(plain(payload))
})

test.each(together.map((each, index) => [`delta of a batch.${index}`, each] as const))(
  'golden %s decodes',
  (name, each) => {
    const decoded = decodeDelta(bytesOf(name))
    expect(plain(decoded)).toEqual(plain(each))
    expect(verifyDelta(decoded)).toBe(true)
  },
)

test('a golden delta of earlier code says under which heads it was made, and its payload is bound to them', () => {
  const decoded = decodeDelta(bytesOf('delta of earlier code'))
  expect(plain(decoded)).toEqual(plain(madeEarlier))
  expect(codeCutOf(decoded)).toEqual(madeEarlier.madeUnder)
  expect(verifyDelta(decoded)).toBe(true)
  expect(plain(openDelta(decoded, groupKey))).toEqual(plain(payload))
  expect(() => openDelta({ ...decoded, madeUnder: decoded.governance }, groupKey)).toThrow()
})

test.each(ops.map((op, index) => [`op.${index}.${op.body.kind}`, op] as const))('golden %s decodes', (name, op) => {
  const decoded = decodeOp(bytesOf(name))
  expect(plain(decoded)).toEqual(plain(op))
  expect(verifyOp(decoded)).toBe(true)
})

test.each(gossips.map((gossip) => [`gossip.${gossip.t}`, gossip] as const))('golden %s decodes', (name, gossip) => {
  const decoded = decodeGossip(bytesOf(name))
  expect(plain(decoded)).toEqual(plain(gossip))
  if (decoded.t === 'heads') expect(verifyHeads(decoded)).toBe(true)
})

test('golden heads that say which state they are of decode, and that is signed', () => {
  const decoded = decodeGossip(bytesOf('gossip.heads.state'))
  expect(plain(decoded)).toEqual(plain(headsOfState))
  if (decoded.t !== 'heads' || decoded.state === undefined) throw new Error('they say nothing of it')
  expect(verifyHeads(decoded)).toBe(true)
  expect(verifyHeads({ ...decoded, state: { ...decoded.state, version: 3 } })).toBe(false)
})

test('golden messages on the topic of the run decode to what they say', () => {
  for (const seeking of seekings) {
    const decoded = decodeSeeking(bytesOf(`seeking.${seeking.t}`))
    expect(plain(decoded)).toEqual(plain(seeking))
    if (decoded.t === 'here') expect(verifyHere(decoded)).toBe(true)
  }
})
