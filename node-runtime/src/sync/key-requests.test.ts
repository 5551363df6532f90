import { expect, it } from 'vitest'
import { type GroupId, idFromBytes, type OpId } from '../base/ids.ts'
import type { PeerId } from '../network/network.ts'
import { DrivenClock } from '../testing/driven-clock.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { keysOf, peerIdOf } from '../testing/test-node.ts'
import { KeyRequests } from './key-requests.ts'
import { KEY_PATIENCE_MS, KEY_PAUSE_FIRST_MS, KEY_PAUSE_LAST_MS } from './limits.ts'
import type { SyncedNamespace } from './ports.ts'

const group = idFromBytes<GroupId>(new Uint8Array(32).fill(7))
const ada = peerIdOf('ada')
const bob = peerIdOf('bob')
const cyd = peerIdOf('cyd')
const head = (fill: number) => idFromBytes<OpId>(new Uint8Array(32).fill(fill))

type Answer = 'key' | 'old keys' | 'refusal' | 'silence'

function scene(answers: Record<PeerId, Answer>, removed?: string) {
  const clock = new DrivenClock()
  const asked: PeerId[] = []
  const caughtUp: PeerId[] = []
  const log = { heads: [head(1)], lacksKeys: true }
  // Only what the requests ask for.
  const namespace = {
    heads: () => log.heads,
    lacksKeys: () => log.lacksKeys,
    isMember: (_, key) => removed === undefined || key !== keysOf(removed).identity.publicKey,
  } as Partial<SyncedNamespace> as SyncedNamespace
  const requests = new KeyRequests({
    clock,
    log: new RecordingLogger(),
    request: async (peer) => {
      asked.push(peer)
      const answer = answers[peer]
      if (answer === 'silence') return new Promise<number>(() => {})
      if (answer === 'refusal') throw new Error('no')
      if (answer === 'key') log.lacksKeys = false
      return answer === 'key' ? 1 : 0
    },
    catchUp: (peer) => caughtUp.push(peer),
  })
  const { signal } = new AbortController()
  const fetch = async (...peers: PeerId[]) => {
    let isDone = false
    void requests.fetch(namespace, group, { peers, signal }).then(() => {
      isDone = true
    })
    for (await clock.rest(); !isDone; await clock.rest()) clock.step()
    return asked.splice(0)
  }
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
  return { fetch, askHolder, pass, requests, log, answers, clock, caughtUp }
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
