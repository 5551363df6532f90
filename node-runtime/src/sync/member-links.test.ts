// Members of one context among many other nodes of the run: the network has made none of them neighbours.
import { describe, expect, it } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import { type ContextId, parseHexId } from '../base/ids.ts'
import { type SigningKey, signingKeyFromSeed } from '../base/keys.ts'
import { silentLogger } from '../base/log.ts'
import type { MessageListener, PeerId } from '../network/network.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { DrivenClock, ProcessClock } from '../testing/driven-clock.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { converge, joinContext, type SharedContext, shareContext, type TestWorld } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { decodeSeeking, encodeSeeking, type Seeking, signHere } from '../wire/seeking.ts'
import { MemberLinks } from './member-links.ts'
import { RUN_TOPIC, type Topic } from './topics.ts'

const { open } = testWorlds()

/** So many that most are no neighbours of each other. */
const OTHERS = Array.from({ length: 13 }, (_, at) => `other${at}`)

const areNeighbours = (world: TestWorld, a: string, b: string) =>
  world.get(a).node.ports.network.peers().includes(world.get(b).peerId)

/** Ada has a context; nobody else does, in a network of 14. */
async function alone(): Promise<{ world: TestWorld; shared: SharedContext; far: readonly string[] }> {
  const world = await open()
  for (const name of OTHERS) await world.start(name, { boot: ['ada', ...OTHERS] })
  const shared = await shareContext(world, await appWasm('kv-store'), ['ada'])
  await world.pass(5000)
  return { world, shared, far: OTHERS.filter((name) => !areNeighbours(world, 'ada', name)) }
}

async function write(world: TestWorld, { contextId }: SharedContext, name: string, value: string): Promise<void> {
  await world.run(world.get(name).call(contextId, 'set', { key: name, value }))
}

describe('members that the network has made no neighbours', () => {
  it('join by who has invited them, and hold the same', async () => {
    const { world, shared, far } = await alone()
    const [bob = '', cyd = ''] = [far.at(0), far.at(-1)]
    expect(areNeighbours(world, bob, cyd)).toBe(false)
    await joinContext(world, shared, 'ada', bob)
    await joinContext(world, shared, 'ada', cyd)
    for (const name of ['ada', bob, cyd]) await write(world, shared, name, 'here')
    await converge(world, shared.contextId, ['ada', bob, cyd])
  })

  it('find each other again when one comes back', async () => {
    const { world, shared, far } = await alone()
    const [bob = ''] = far
    await joinContext(world, shared, 'ada', bob)
    await world.run(world.get(bob).stop())
    await world.start(bob, { boot: OTHERS.filter((name) => !areNeighbours(world, 'ada', name)) })
    await write(world, shared, 'ada', 'meanwhile')
    await converge(world, shared.contextId, ['ada', bob])
  })

  it('pass over one that is down', async () => {
    const { world, shared, far } = await alone()
    const some = far.slice(0, 5)
    for (const name of some) await joinContext(world, shared, 'ada', name)
    const all = ['ada', ...some]
    await converge(world, shared.contextId, all)
    for (const gone of some) {
      await world.run(world.get(gone).stop())
      const rest = all.filter((name) => name !== gone)
      for (const name of rest) await write(world, shared, name, `without ${gone}`)
      await converge(world, shared.contextId, rest)
      await world.start(gone, { boot: OTHERS })
    }
    await converge(world, shared.contextId, all)
  })

  it('meet past those that have left the context', async () => {
    const { world, shared } = await alone()
    for (const name of OTHERS) await joinContext(world, shared, 'ada', name)
    const all = ['ada', ...OTHERS]
    await converge(world, shared.contextId, all)
    await world.pass(60_000)
    const keyOf = (name: string) => world.get(name).node.identity.publicKey
    const ring = all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    const [one = ''] = ring
    const other = ring.slice(2, -1).find((name) => !areNeighbours(world, one, name)) ?? ''
    for (const name of all.filter((each) => each !== one && each !== other))
      await world.run(world.get(name).node.contexts.residence.leave(shared.contextId))
    await write(world, shared, one, 'still here')
    await converge(world, shared.contextId, [one, other])
  })
})

const TOPIC = { kind: 'context', id: parseHexId<ContextId>('c'.repeat(64)) } as const
const SECOND = { kind: 'context', id: parseHexId<ContextId>('d'.repeat(64)) } as const

/** Of one node, whose neighbours and messages the test decides about. */
function links(
  membersOf: (keys: readonly SigningKey[]) => ReadonlyMap<Topic, readonly SigningKey[]>,
  {
    keyCount = 4,
    isFollowed = true,
    contacts = [] as string[],
    dials = () => Promise.reject(new Error('nobody is there')),
  } = {},
) {
  const keys = Array.from({ length: keyCount }, (_, at) =>
    signingKeyFromSeed(new Uint8Array(32).fill(at, 0, 1).fill(1 + at / 256, 1)),
  )
  const [identity] = keys.sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
  if (identity === undefined) throw new Error('no keys')
  const driven = new DrivenClock()
  const clock = new ProcessClock(driven)
  const hearers = new Set<PeerId>(['somebody'])
  const connected = new Set<PeerId>()
  const dialled: string[] = []
  const said: { readonly seeking: Seeking; readonly atMs: number }[] = []
  let hear: MessageListener = () => {}
  let onLost = () => {}
  let onSubscribed = () => {}
  const members = membersOf(keys)
  const made = new MemberLinks({
    identity,
    clock,
    log: silentLogger,
    random: seededRandom('links'),
    membersOf: (topic) => (members.get(topic) ?? []).map(({ publicKey }) => publicKey).sort(),
    network: {
      peers: () => [...connected],
      subscribers: (topic) => [...(topic === RUN_TOPIC ? hearers : isFollowed ? connected : [])],
      contactAddresses: () => contacts,
      dial: (address) => {
        dialled.push(address)
        return dials()
      },
      publish: async (_, data) => void said.push({ seeking: decodeSeeking(data), atMs: clock.nowMs() }),
      subscribe: (_, listener) => {
        hear = listener
      },
      on: (event, listener) => {
        if (event === 'peer:disconnect') onLost = listener as () => void
        if (event === 'subscribed') onSubscribed = listener as () => void
        return () => {}
      },
    },
  })
  const pass = async (ms: number) => {
    const endMs = driven.nowMs() + ms
    driven.setTimer(() => {}, ms)
    for (await driven.rest(); driven.nowMs() < endMs; await driven.rest()) driven.step()
  }
  const soughtAt = (key: SigningKey, fromMs: number) =>
    said.find(({ seeking, atMs }) => atMs >= fromMs && seeking.t === 'seek' && seeking.sought.includes(key.publicKey))
      ?.atMs
  const peerOf = ({ publicKey }: SigningKey) => peerIdOfPublicKey(publicKey)
  const lose = (key: SigningKey) => {
    connected.delete(peerOf(key))
    onLost()
  }
  const told = (seeking: Seeking) => hear('somebody', encodeSeeking(seeking))
  const here = (key: SigningKey, host: string, atMs: number) =>
    told({ t: 'here', ...signHere({ addresses: [placeOf(host, key)], atMs: BigInt(atMs) }, key) })
  const placeOf = (host: string, key: SigningKey) => `/ip4/${host}/tcp/1/p2p/${peerOf(key)}`
  const asked = () =>
    told({ t: 'seek', sought: [identity.publicKey], nonce: crypto.getRandomValues(new Uint8Array(8)) })
  const meet = (peer: PeerId) => {
    hearers.add(peer)
    onSubscribed()
  }
  const answers = () => said.flatMap(({ seeking }) => (seeking.t === 'here' ? [seeking] : []))
  const forget = () => said.splice(0)
  const acts = { pass, forget, lose, told, here, asked, meet }
  return { made, keys, clock, connected, hearers, dialled, soughtAt, peerOf, placeOf, answers, ...acts }
}

describe('whoever is looked for', () => {
  it('is noticed soon after it was lost, though another has been down for long', async () => {
    const one = links(
      ([a, b, c, d]) =>
        new Map([
          [TOPIC, [a, b, c]],
          [SECOND, [a, d]],
        ] as [Topic, SigningKey[]][]),
    )
    const [, , c, d] = one.keys as [SigningKey, SigningKey, SigningKey, SigningKey]
    for (const key of [c, d]) one.connected.add(one.peerOf(key))
    for (const topic of [TOPIC, SECOND]) one.made.follow(topic)
    await one.pass(300_000)
    const lostMs = one.clock.nowMs()
    one.lose(d)
    await one.pass(5000)
    expect(one.soughtAt(d, lostMs)).toBeLessThan(lostMs + 1000)
    one.made.close()
  })

  it('is dialled where it has itself said to be, twice at most for each time it is looked for', async () => {
    const one = links(([a, b]) => new Map([[TOPIC, [a, b]]] as [Topic, SigningKey[]][]))
    const [, b, c] = one.keys as [SigningKey, SigningKey, SigningKey]
    one.made.follow(TOPIC)
    await one.pass(600)
    const at = (host: string) => one.placeOf(host, b)
    for (let n = 0; n < 100; n += 1) {
      // A liar knows the key, and not the secret to it.
      const said = signHere({ addresses: [at('10.0.0.9')], atMs: BigInt(n) }, c)
      one.told({ t: 'here', ...said, publicKey: b.publicKey })
    }
    for (let n = 1; n < 100; n += 1) one.here(b, `10.0.0.${n}`, n)
    await one.pass(100)
    for (let n = 100; n < 200; n += 1) one.here(b, `10.0.0.${n}`, n)
    await one.pass(100)
    expect(one.dialled).toEqual([at('10.0.0.1'), at('10.0.0.99')])
    one.made.close()
  })

  it('is reached though somebody tells first where it was before', async () => {
    const one = links(([a, b]) => new Map([[TOPIC, [a, b]]] as [Topic, SigningKey[]][]))
    const [, b] = one.keys as [SigningKey, SigningKey]
    one.made.follow(TOPIC)
    await one.pass(600)
    for (let n = 1; n < 10; n += 1) {
      one.here(b, '10.0.0.1', n)
      await one.pass(10)
    }
    one.here(b, '10.0.0.2', 1000)
    await one.pass(100)
    expect(one.dialled).not.toContain(one.placeOf('10.0.0.2', b))
    await one.pass(3000)
    expect(one.dialled).toContain(one.placeOf('10.0.0.2', b))
    // And not again where it is told to be once more.
    const { length } = one.dialled
    one.here(b, '10.0.0.2', 1000)
    await one.pass(100)
    expect(one.dialled).toHaveLength(length)
    one.made.close()
  })

  it('is looked for at once when it is wanted, however long it has been down', async () => {
    const one = links(([a, b]) => new Map([[TOPIC, [a, b]]] as [Topic, SigningKey[]][]))
    const [, b] = one.keys as [SigningKey, SigningKey]
    one.made.follow(TOPIC)
    await one.pass(600_000)
    for (let n = 0; n < 3; n += 1) {
      const wantedMs = one.clock.nowMs()
      one.made.want(b.publicKey, 30_000)
      await one.pass(1000)
      expect(one.soughtAt(b, wantedMs)).toBeLessThan(wantedMs + 1000)
      // Lost on its way: it is soon said again.
      await one.pass(4000)
      expect(one.soughtAt(b, wantedMs + 1000)).toBeLessThan(wantedMs + 5000)
      await one.pass(90_000)
    }
    one.made.close()
  })

  it('is looked for as soon as somebody hears it', async () => {
    const one = links(([a, b]) => new Map([[TOPIC, [a, b]]] as [Topic, SigningKey[]][]))
    const [, b] = one.keys as [SigningKey, SigningKey]
    one.hearers.clear()
    one.made.follow(TOPIC)
    await one.pass(600_000)
    expect(one.soughtAt(b, 0)).toBeUndefined()
    const metMs = one.clock.nowMs()
    one.meet('somebody')
    await one.pass(5000)
    expect(one.soughtAt(b, 0)).toBeLessThan(metMs + 1000)
    one.made.close()
  })

  it('is found behind many that are down', async () => {
    const one = links((keys) => new Map([[TOPIC, keys]] as [Topic, readonly SigningKey[]][]), { keyCount: 100 })
    one.made.follow(TOPIC)
    const startMs = one.clock.nowMs()
    await one.pass(300_000)
    expect(one.soughtAt(one.keys[99] as SigningKey, 0)).toBeLessThan(startMs + 60_000)
    one.made.close()
  })

  it('is looked for and answered when the clock has stepped back by an hour', async () => {
    const one = links(([a, b]) => new Map([[TOPIC, [a, b]]] as [Topic, SigningKey[]][]))
    const [, b] = one.keys as [SigningKey, SigningKey]
    one.made.follow(TOPIC)
    await one.pass(60_000)
    one.asked()
    await one.pass(100)
    one.clock.skewMs = -3_600_000
    one.asked()
    await one.pass(1500)
    const [first = 0n, second = 0n, ...more] = one.answers().map(({ atMs }) => atMs)
    expect(more).toEqual([])
    expect(second).toBeGreaterThan(first)
    one.forget()
    await one.pass(120_000)
    expect(one.soughtAt(b, 0)).toBeDefined()
    one.made.close()
  })

  it('is one of few that are dialled at the same time', async () => {
    const waiting: ((error: Error) => void)[] = []
    const dials = () => new Promise<never>((_, reject) => waiting.push(reject))
    const one = links(() => new Map(), { keyCount: 12, dials })
    const others = one.keys.slice(1)
    for (const { publicKey } of others) one.made.want(publicKey, 600_000)
    await one.pass(100)
    for (const key of others) one.here(key, '10.0.0.1', 1)
    expect(waiting).toHaveLength(3)
    for (let n = 0; n < others.length; n += 1) {
      waiting[n]?.(new Error('nobody is there'))
      await one.pass(1)
    }
    expect(new Set(one.dialled).size).toBe(others.length)
    one.made.close()
  })

  it('is no more where members enough are connected that do not follow; strangers do not count', async () => {
    const one = links((keys) => new Map([[TOPIC, keys]] as [Topic, readonly SigningKey[]][]), {
      keyCount: 515,
      isFollowed: false,
    })
    const last = one.keys[514] as SigningKey
    for (let n = 0; n < 600; n += 1) one.connected.add(`stranger ${n}`)
    for (const key of one.keys.slice(1, 512)) one.connected.add(one.peerOf(key))
    const next = one.keys[512] as SigningKey
    one.made.follow(TOPIC)
    await one.pass(1000)
    expect(one.soughtAt(next, 0)).toBeDefined()
    one.connected.add(one.peerOf(next))
    one.forget()
    await one.pass(200_000)
    expect(one.soughtAt(one.keys[513] as SigningKey, 0)).toBeUndefined()
    expect(one.soughtAt(last, 0)).toBeUndefined()
    one.made.want(last.publicKey, 10_000)
    await one.pass(1000)
    expect(one.soughtAt(last, 0)).toBeDefined()
    one.made.close()
  })
})

describe('who is asked where it listens', () => {
  it('names the addresses that fit into an answer', async () => {
    const long = `/dns4/${'a'.repeat(250)}/tcp/1`
    const one = links(() => new Map(), { contacts: [long, '/ip4/10.0.0.1/tcp/1'] })
    for (let n = 0; n < 2; n += 1) {
      one.asked()
      await one.pass(500)
    }
    await one.pass(1000)
    expect(one.answers().map(({ addresses }) => addresses)).toEqual([['/ip4/10.0.0.1/tcp/1'], ['/ip4/10.0.0.1/tcp/1']])
    one.made.close()
  })
})
