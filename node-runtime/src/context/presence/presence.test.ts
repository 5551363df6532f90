// What members show to each other for the moment: it reaches members alone, outlives no member, and nothing is stored.
import { expect, test } from 'vitest'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { idBytes, idFromBytes, type KeyId, type PublicKey } from '../../base/ids.ts'
import { accountOf, signingKeyFromSeed } from '../../base/keys.ts'
import { silentLogger } from '../../base/log.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { rotateKey } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { decodeGossip, encodeGossip } from '../../wire/gossip.ts'
import { openPresence, type Presence, sealPresence, verifyPresence } from '../../wire/presence.ts'
import { PRESENCE_AGAIN_MS, PRESENCE_BURST, PRESENCE_CLOCKS_MS, PRESENCE_GONE_MS, PRESENCE_SAY_MS } from '../limits.ts'
import { govern } from '../namespaces/administration.ts'
import { removeMember } from '../namespaces/membership.ts'
import type { PresenceEvent } from '../ports.ts'
import { Presences } from './presence.ts'

const { share } = testWorlds()

const nodeOf = ({ world }: Scene, name: string) => world.get(name).node
const show = (scene: Scene, name: string, text: string) =>
  nodeOf(scene, name).presences.set(scene.shared.contextId, utf8(text))
const textOf = ({ presence: { author, state, ageMs } }: PresenceEvent) => ({
  author,
  ...(state === undefined ? {} : { text: fromUtf8(state) }),
  ...(ageMs === undefined ? {} : { ageMs }),
})

/** What clients of a node are told from now on. */
function watch(scene: Scene, name: string): ReturnType<typeof textOf>[] {
  const told: ReturnType<typeof textOf>[] = []
  nodeOf(scene, name).events.watch((event) => {
    if ('presence' in event) told.push(textOf(event))
  })
  return told
}

test('what a member shows is told to all members once, and to who comes later with its age', async () => {
  const scene = await share('kv-store')
  const { world, shared } = scene
  const told = NAMES.map((name) => watch(scene, name))
  const author = nodeOf(scene, 'ada').identity.publicKey
  show(scene, 'ada', 'here')
  show(scene, 'ada', 'here')
  await world.until('all to see it', () => told.every((each) => each.length > 0))
  await world.pass(3 * PRESENCE_GONE_MS)
  expect(told).toEqual(NAMES.map(() => [{ author, text: 'here' }]))
  for (const name of NAMES) {
    const [shown] = nodeOf(scene, name).presences.shownIn(shared.contextId)
    expect(shown?.presence.ageMs).toBeLessThan(PRESENCE_GONE_MS)
  }
  show(scene, 'ada', 'there')
  await world.until('the change', () => told.every((each) => each.at(-1)?.text === 'there'))
})

test('who is not heard of shows nothing any more, until it is heard of again', async () => {
  const scene = await share('kv-store', ['ada', 'bob'])
  const { world, shared } = scene
  const told = watch(scene, 'bob')
  const author = nodeOf(scene, 'ada').identity.publicKey
  show(scene, 'ada', 'here')
  await world.until('bob to see it', () => told.length === 1)
  const sides = ['ada', 'bob'].map((name) => [world.get(name).peerId])
  world.network.partition(...sides)
  await world.until('it to be forgotten', () => told.length === 2)
  expect(told[1]).toEqual({ author })
  expect(nodeOf(scene, 'bob').presences.shownIn(shared.contextId)).toEqual([])
  world.network.heal()
  await world.until('it to come again', () => told.length === 3)
  expect(told[2]).toEqual({ author, text: 'here' })
})

test('what is shown under a new key, with which nobody has written, is seen by all: who lacks the key asks for it', async () => {
  const scene = await share('kv-store')
  const { world, shared } = scene
  const told = NAMES.map((name) => watch(scene, name))
  const author = nodeOf(scene, 'ada').identity.publicKey
  show(scene, 'ada', 'before')
  await world.until('all to see it', () => told.every((each) => each.length === 1))
  await rotateKey(world, shared, 'ada')
  show(scene, 'ada', 'after')
  await world.until('all to see the change', () => told.every((each) => each.at(-1)?.text === 'after'))
  await world.pass(3 * PRESENCE_GONE_MS)
  expect(told).toEqual(NAMES.map(() => ['before', 'after'].map((text) => ({ author, text }))))
})

test('who has asked in vain for long for the key of what is shown asks its author when that is heard of', async () => {
  const scene = await share('kv-store', ['ada', 'bob'])
  const { world, shared } = scene
  const told = watch(scene, 'bob')
  const [ada, bob] = ['ada', 'bob'].map((name) => world.get(name).peerId)
  world.network.block(bob ?? '', ada ?? '')
  await rotateKey(world, shared, 'ada')
  show(scene, 'ada', 'here')
  await world.pass(40_000)
  expect(told).toEqual([])
  world.network.heal()
  const mendedMs = world.clock.nowMs()
  await world.until('bob to see it', () => told.length > 0)
  expect(world.clock.nowMs() - mendedMs).toBeLessThan(PRESENCE_GONE_MS)
})

test('who has not heard that there is a new key hears of it from who shows something under it', async () => {
  const scene = await share('kv-store', ['ada', 'bob'])
  const { world, shared } = scene
  const told = watch(scene, 'bob')
  const [ada, bob] = ['ada', 'bob'].map((name) => world.get(name).peerId)
  world.network.block(ada ?? '', bob ?? '')
  await world.run(nodeOf(scene, 'ada').namespaces.get(shared.namespaceId).rotateKey(shared.groupId))
  await world.pass(PRESENCE_AGAIN_MS)
  world.network.heal()
  const mendedMs = world.clock.nowMs()
  show(scene, 'ada', 'here')
  await world.until('bob to see it', () => told.length > 0)
  expect(world.clock.nowMs() - mendedMs).toBeLessThan(PRESENCE_GONE_MS)
})

test('where two removals at once have left no key that fits, what a member shows is seen under a new one', async () => {
  const scene = await share('kv-store', ['ada', 'bob', 'cyd', 'dan'])
  const { world, shared } = scene
  const { groupId, namespaceId } = shared
  const [ada, bob, cyd, dan] = ['ada', 'bob', 'cyd', 'dan'].map((name) => world.get(name))
  if (!ada || !bob || !cyd || !dan) throw new Error('somebody is not there')
  const logs = [ada, bob].map(({ node }) => node.namespaces.get(namespaceId))
  const agreed = () => logs[0]?.heads().join() === logs[1]?.heads().join()
  await world.run(govern(ada.node, groupId, { kind: 'role_set', groupId, account: bob.node.account, role: 'Admin' }))
  await world.until('bob to hear of it', agreed)
  world.network.partition([ada.peerId, cyd.peerId], [bob.peerId, dan.peerId])
  await world.run(removeMember(ada.node, groupId, cyd.node.account))
  await world.run(removeMember(bob.node, groupId, dan.node.account))
  world.network.heal()
  await world.until('both to hear of both', agreed)
  expect(logs.map((log) => log.state.fittingKeys(groupId))).toEqual([[], []])
  const told = watch(scene, 'bob')
  show(scene, 'ada', 'here')
  await world.until('bob to see it', () => told.some(({ text }) => text === 'here'))
})

test('who is removed shows nothing any more, and sees nothing', async () => {
  const scene = await share('kv-store')
  const { world, shared } = scene
  const [ada, cyd] = [watch(scene, 'ada'), watch(scene, 'cyd')]
  const author = nodeOf(scene, 'cyd').identity.publicKey
  show(scene, 'cyd', 'cyd')
  await world.until('ada to see it', () => ada.length === 1)
  await world.run(removeMember(nodeOf(scene, 'ada'), shared.groupId, accountOf(author)))
  await world.until('it to be gone', () => ada.length === 2)
  expect(ada).toEqual([{ author, text: 'cyd' }, { author }])
  const before = cyd.length
  show(scene, 'bob', 'secret')
  await world.until('ada to see bob', () => ada.at(-1)?.text === 'secret')
  await world.pass(PRESENCE_GONE_MS)
  expect(cyd.slice(before).filter(({ text }) => text !== undefined)).toEqual([])
})

const [own, other, stranger] = [1, 2, 3].map((seed) => signingKeyFromSeed(new Uint8Array(32).fill(seed)))
const contextId = idFromBytes<Presence['contextId']>(new Uint8Array(32).fill(9))
const keyId = idFromBytes<KeyId>(new Uint8Array(32).fill(8))
const groupKey = new Uint8Array(32).fill(7)
const random = seededRandom(1)

const STILL: Clock = { nowMs: () => 0, setTimer: () => () => undefined }

function presenceOf(signingKey = other, seq = 1n, more: Partial<Presence> = {}): Presence {
  if (!signingKey) throw new Error('no key')
  const head = { contextId, author: signingKey.publicKey, seq, keyId, ...more }
  return sealPresence({ head, state: utf8(`${seq}`), groupKey, signingKey, random })
}

function presences(isMember: (key: PublicKey) => boolean, clock: Clock = STILL) {
  const told: PresenceEvent[] = []
  const sent: Presence[] = []
  const asked: PublicKey[] = []
  if (!own) throw new Error('no key')
  const all = new Presences({
    identity: own,
    clock,
    random,
    log: silentLogger,
    groupOf: () => idFromBytes(idBytes(contextId)),
    mayRead: (_, key) => isMember(key),
    sealingKey: () => ({ keyId, key: groupKey }),
    renewKey: async () => undefined,
    openingKey: (_, id) => (id === keyId ? groupKey : undefined),
    onKeyMissing: (_, author) => asked.push(author),
    publish: async (presence) => {
      sent.push(presence)
    },
    onEvent: (event) => told.push(event),
    authorsMax: 4,
  })
  return { all, told, sent, asked }
}

test('what is old, forged, sealed with an unknown key or from no member is not taken', () => {
  const { all, told } = presences((key) => key !== stranger?.publicKey)
  const good = presenceOf(other, 5n)
  all.receive(good)
  expect(told.map(textOf)).toEqual([{ author: other?.publicKey, text: '5' }])
  const unknown = idFromBytes<KeyId>(new Uint8Array(32))
  const refused = [
    good,
    presenceOf(other, 4n),
    presenceOf(stranger, 6n),
    presenceOf(own, 6n),
    presenceOf(other, 6n, { keyId: unknown }),
    { ...presenceOf(other, 6n), seq: 7n },
    { ...presenceOf(stranger, 6n), author: good.author },
    { ...good, seq: 8n },
  ]
  for (const presence of refused) all.receive(presence)
  expect(told).toHaveLength(1)
  expect(all.shownIn(contextId)).toHaveLength(1)
})

test('a key is asked for when a member has signed what it seals, and not for anybody else', () => {
  const { all, told, asked } = presences((key) => key !== stranger?.publicKey)
  const unknown = { keyId: idFromBytes<KeyId>(new Uint8Array(32)) }
  const forged = { ...presenceOf(other), ...unknown }
  for (const presence of [presenceOf(stranger, 1n, unknown), presenceOf(own, 1n, unknown), forged])
    all.receive(presence)
  expect(asked).toEqual([])
  all.receive(presenceOf(other, 1n, unknown))
  expect(asked).toEqual([other?.publicKey])
  // The number does not count until what it is of is seen: it may come again.
  all.receive(presenceOf(other, 1n))
  expect(told.map(textOf)).toEqual([{ author: other?.publicKey, text: '1' }])
})

test('of more members than are held, the one heard of longest ago gives way', () => {
  const { all, told } = presences(() => true)
  all.set(contextId, utf8('own'))
  for (const seed of [11, 12, 13, 14]) all.receive(presenceOf(signingKeyFromSeed(new Uint8Array(32).fill(seed))))
  expect(all.shownIn(contextId)).toHaveLength(4)
  expect(told.filter(({ presence }) => presence.state === undefined)).toHaveLength(1)
  expect(told.map(textOf)).toContainEqual({ author: own?.publicKey, text: 'own' })
  all.close()
  expect(all.shownIn(contextId)).toEqual([])
})

test('it travels in gossip as it is, and opens with its key only', () => {
  const presence = presenceOf()
  const { t, ...read } = decodeGossip(encodeGossip({ t: 'presence', ...presence })) as Presence & { t: string }
  expect([t, verifyPresence(read), fromUtf8(openPresence(read, groupKey))]).toEqual(['presence', true, '1'])
  expect(() => openPresence(read, new Uint8Array(32))).toThrow('key')
})

/** Time passes, and what is due happens. */
function pass(clock: DrivenClock, ms: number): void {
  const endMs = clock.nowMs() + ms
  let isOver = false
  clock.setTimer(() => {
    isOver = true
  }, ms)
  while (!isOver && clock.step());
  expect(clock.nowMs()).toBe(endMs)
}

test('who shows something new all the time says the latest, so often and no more', () => {
  const clock = new DrivenClock()
  const { all, told, sent } = presences(() => true, clock)
  for (let ms = 0; ms < 1000; ms += 1) {
    all.set(contextId, utf8(`${ms}`))
    pass(clock, 1)
  }
  pass(clock, PRESENCE_SAY_MS)
  const most = Math.ceil(1000 / PRESENCE_SAY_MS) + 1
  expect(sent.length).toBeGreaterThan(most / 2)
  expect([sent.length <= most, told.length <= most]).toEqual([true, true])
  expect([told[0], told.at(-1)].map((each) => each && textOf(each).text)).toEqual(['0', '999'])
  expect(sent.every(({ seq }, index) => seq > (sent[index - 1]?.seq ?? 0n))).toBe(true)
  all.close()
})

test('of a member that says more than it should, some is taken, and the rest does not keep others out', () => {
  const clock = new DrivenClock()
  const { all, told } = presences(() => true, clock)
  const now = BigInt(clock.nowMs())
  for (let count = 0n; count < 1000n; count += 1n) all.receive(presenceOf(other, now + count))
  expect(told).toHaveLength(PRESENCE_BURST)
  all.receive(presenceOf(stranger, now))
  expect(told).toHaveLength(PRESENCE_BURST + 1)
  pass(clock, 2 * PRESENCE_SAY_MS)
  all.receive(presenceOf(other, now + 1000n))
  expect(told).toHaveLength(PRESENCE_BURST + 2)
  all.close()
})

test('what was said long ago, or will be, is not taken: a node that was away knows no numbers', () => {
  const clock = new DrivenClock()
  const { all, told } = presences(() => true, clock)
  const now = BigInt(clock.nowMs())
  const most = BigInt(PRESENCE_CLOCKS_MS)
  for (const seq of [now - most - 1n, now + most + 1n, 2n ** 64n - 1n]) all.receive(presenceOf(other, seq))
  expect(told).toEqual([])
  all.receive(presenceOf(other, now - most))
  all.receive(presenceOf(other, now + most))
  expect(told).toHaveLength(2)
  all.close()
})

test('a clock that was wrong and is set right does not silence its member', () => {
  let nowMs = 1e12
  const { all, sent } = presences(() => true, { nowMs: () => nowMs, setTimer: () => () => undefined })
  all.set(contextId, utf8('ahead'))
  nowMs -= 3_600_000
  all.set(contextId, utf8('right'))
  expect(sent.map(({ seq }) => Number(seq))).toEqual([1e12, nowMs])
})

test('what is taken away is gone here at once, and elsewhere when it has not been heard for a while', async () => {
  const scene = await share('kv-store', ['ada', 'bob'])
  const [ada, bob] = [watch(scene, 'ada'), watch(scene, 'bob')]
  const author = nodeOf(scene, 'ada').identity.publicKey
  show(scene, 'ada', 'here')
  await scene.world.until('bob to see it', () => bob.length === 1)
  nodeOf(scene, 'ada').presences.hide(scene.shared.contextId)
  expect(ada).toEqual([{ author, text: 'here' }, { author }])
  await scene.world.until('bob to forget it', () => bob.length === 2)
  expect(bob[1]).toEqual({ author })
  show(scene, 'ada', 'again')
  await scene.world.until('bob to see that', () => bob.at(-1)?.text === 'again')
})
