import { expect, it } from 'vitest'
import { type GroupId, idFromBytes, type OpId } from '../base/ids.ts'
import type { PeerId } from '../network/network.ts'
import { DrivenClock } from '../testing/driven-clock.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { keysOf, peerIdOf } from '../testing/test-node.ts'
import { KeyRequests } from './key-requests.ts'
import { KEY_PATIENCE_MS, KEY_PAUSE_FIRST_MS, KEY_PAUSE_LAST_MS, KEY_ROUND_GROUPS_MAX, SYNC_GAP_MS } from './limits.ts'
import type { SyncedNamespace } from './ports.ts'

const group = idFromBytes<GroupId>(new Uint8Array(32).fill(7))
const ada = peerIdOf('ada')
const bob = peerIdOf('bob')
const cyd = peerIdOf('cyd')
const others = Array.from({ length: KEY_ROUND_GROUPS_MAX + 2 }, (_, at) =>
  idFromBytes<GroupId>(new Uint8Array(32).fill(at + 9)),
)
const head = (fill: number) => idFromBytes<OpId>(new Uint8Array(32).fill(fill))

type Answer = 'key' | 'some keys' | 'old keys' | 'refusal' | 'silence'

function scene(answers: Record<PeerId, Answer>, removed?: string) {
  const clock = new DrivenClock()
  const asked: PeerId[] = []
  const caughtUp: PeerId[] = []
  const log = { heads: [head(1)], lacksKeys: true, groups: [group] }
  // Only what the requests ask for.
  const namespace = {
    heads: () => log.heads,
    lacksKeys: () => log.lacksKeys,
    groupsLackingKeys: () => (log.lacksKeys ? log.groups : []),
    isMember: (_, key) => removed === undefined || key !== keysOf(removed).identity.publicKey,
  } as Partial<SyncedNamespace> as SyncedNamespace
  const requests = new KeyRequests({
    clock,
    random: seededRandom(1),
    log: new RecordingLogger(),
    request: async (peer) => {
      asked.push(peer)
      const answer = answers[peer]
      if (answer === 'silence') return new Promise<number>(() => {})
      if (answer === 'refusal') throw new Error('no')
      if (answer === 'key') log.lacksKeys = false
      return answer === 'old keys' ? 0 : 1
    },
    catchUp: (peer) => caughtUp.push(peer),
  })
  const { signal } = new AbortController()
  const done = async (work: Promise<void>) => {
    let isDone = false
    void work.then(() => {
      isDone = true
    })
    for (await clock.rest(); !isDone; await clock.rest()) clock.step()
    return asked.splice(0)
  }
  const fetchOf = (id: GroupId, ...peers: PeerId[]) => done(requests.fetch(namespace, id, { peers, signal }))
  const fetch = (...peers: PeerId[]) => fetchOf(group, ...peers)
  const begin = (...peers: PeerId[]) => requests.round(namespace, { choose: () => peers, signal })
  const round = (...peers: PeerId[]) => done(begin(...peers))
  const pass = async (ms: number) => {
    const endMs = clock.nowMs() + ms
    clock.setTimer(() => {}, ms)
    while (clock.nowMs() < endMs) clock.step()
    await clock.rest()
  }
  const askHolder = async (peer: PeerId) => {
    requests.askHolder(peer, namespace, group)
    await clock.rest()
    return asked.splice(0)
  }
  return { fetch, fetchOf, begin, round, asked, askHolder, pass, requests, log, answers, clock, caughtUp }
}

it('asks on until nothing is lacking: old keys are no answer', async () => {
  const { fetch } = scene({ [ada]: 'old keys', [bob]: 'refusal', [cyd]: 'key' })
  expect(await fetch(ada, bob, cyd)).toEqual([ada, bob, cyd])
  expect(await fetch(ada, bob, cyd)).toEqual([])
})

it('asks members before who was removed', async () => {
  const { fetch } = scene({ [ada]: 'old keys', [bob]: 'key' }, 'ada')
  expect(await fetch(ada, bob)).toEqual([bob])
})

it('who is silent does not keep the next from being asked, and is not asked twice at once', async () => {
  const { fetch, clock, log } = scene({ [ada]: 'silence', [bob]: 'key' })
  const startMs = clock.nowMs()
  expect(await fetch(ada, bob)).toEqual([ada, bob])
  expect(clock.nowMs() - startMs).toBe(KEY_PATIENCE_MS)
  log.lacksKeys = true
  expect(await fetch(ada, bob)).toEqual([bob])
})

it('who was asked in vain is asked again after a while, twice as long each time, up to a minute', async () => {
  const { fetch, pass } = scene({ [ada]: 'refusal' })
  expect(await fetch(ada)).toEqual([ada])
  for (let pauseMs = KEY_PAUSE_FIRST_MS; pauseMs < 4 * KEY_PAUSE_LAST_MS; pauseMs *= 2) {
    const ms = Math.min(pauseMs, KEY_PAUSE_LAST_MS)
    await pass(ms - 1)
    expect(await fetch(ada)).toEqual([])
    await pass(1)
    expect(await fetch(ada)).toEqual([ada])
  }
})

it('is asked sooner when it was away, or when the log has grown', async () => {
  const { fetch, pass, log, requests } = scene({ [ada]: 'refusal' })
  await fetch(ada)
  await pass(KEY_PAUSE_FIRST_MS)
  expect(await fetch(ada)).toEqual([ada])
  requests.forget(ada)
  expect(await fetch(ada)).toEqual([ada])
  await pass(KEY_PAUSE_FIRST_MS)
  expect(await fetch(ada)).toEqual([ada])
  await pass(KEY_PAUSE_FIRST_MS)
  expect(await fetch(ada)).toEqual([])
  log.heads = [head(2)]
  expect(await fetch(ada)).toEqual([ada])
})

it('who shows that it has a key is asked for it however often that was in vain, and once in a while', async () => {
  const { fetch, askHolder, pass, answers, requests } = scene({ [ada]: 'refusal' })
  for (let count = 0; count < 8; count += 1) {
    expect(await askHolder(ada)).toEqual([ada])
    await pass(KEY_PAUSE_FIRST_MS - 1)
    expect(await askHolder(ada)).toEqual([])
    await pass(1)
  }
  expect(await fetch(ada)).toEqual([])
  answers[ada] = 'silence'
  requests.forget(ada)
  expect(await askHolder(ada)).toEqual([ada])
  await pass(KEY_PAUSE_FIRST_MS)
  expect(await askHolder(ada)).toEqual([])
})

it('who uses a key that the log here does not name is asked for its log, once in a while', async () => {
  const { askHolder, pass, log, caughtUp } = scene({ [ada]: 'key' })
  log.lacksKeys = false
  for (const count of [1, 2, 3]) {
    expect([await askHolder(ada), await askHolder(ada)]).toEqual([[], []])
    expect(caughtUp).toHaveLength(count)
    await pass(KEY_PAUSE_FIRST_MS)
  }
})

it('the periodic round asks who was asked in vain for long, and not sooner than the next round may come', async () => {
  const { fetch, round, pass } = scene({ [ada]: 'refusal' })
  for (let times = 0; times < 8; times += 1) {
    await fetch(ada)
    await pass(KEY_PAUSE_LAST_MS)
  }
  expect(await round(ada)).toEqual([ada])
  for (let times = 0; times < 3; times += 1) {
    await pass(SYNC_GAP_MS - 1)
    expect([...(await fetch(ada)), ...(await round(ada))]).toEqual([])
    await pass(1)
    expect([...(await fetch(ada)), ...(await round(ada))]).toEqual([ada])
  }
})

it('the periodic round asks for the keys of a few groups, and of nobody where nothing is lacking', async () => {
  const { round, log } = scene({ [ada]: 'old keys', [bob]: 'refusal' })
  log.groups = others
  expect((await round(ada, bob)).sort()).toEqual(
    others
      .slice(0, KEY_ROUND_GROUPS_MAX)
      .flatMap(() => [ada, bob])
      .sort(),
  )
  log.lacksKeys = false
  expect(await round(ada, bob)).toEqual([])
})

it('a round that fails does not keep the next from asking', async () => {
  const { begin, round } = scene({ [ada]: 'refusal' })
  await expect(begin('no peer id')).rejects.toThrow('is not the id of an Ed25519 peer')
  expect(await round(ada)).toEqual([ada])
})

it('a round that comes while the one before it still waits for an answer asks nobody', async () => {
  const { begin, pass, asked } = scene({ [ada]: 'silence', [bob]: 'silence' })
  void begin(ada, bob)
  await pass(KEY_PATIENCE_MS / 2)
  await begin(ada, bob)
  expect(asked).toEqual([ada])
  await pass(KEY_PATIENCE_MS / 2)
  expect(asked).toEqual([ada, bob])
})

it('who gives a key after it was asked in vain for long is asked for those of other groups at once', async () => {
  const { fetchOf, round, pass, answers } = scene({ [ada]: 'refusal' })
  const [other = group] = others
  for (let times = 0; times < 8; times += 1) {
    await fetchOf(other, ada)
    await fetchOf(group, ada)
    await pass(KEY_PAUSE_LAST_MS)
  }
  await fetchOf(other, ada)
  answers[ada] = 'some keys'
  expect(await round(ada)).toEqual([ada])
  expect(await fetchOf(other, ada)).toEqual([ada])
})
