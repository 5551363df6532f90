// What members show, on its way to clients: the latest of each, however slowly a client reads, and never instead of an
// event of the state.
import { expect, test } from 'vitest'
import { Feed } from '../../../base/feed.ts'
import { type ContextId, idFromBytes, type PublicKey, type RootHash } from '../../../base/ids.ts'
import { silentLogger } from '../../../base/log.ts'
import type { NodeEvent, PresenceEvent } from '../../../context/ports.ts'
import { DrivenClock } from '../../../testing/driven-clock.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { PRESENCE_BYTES_MAX } from '../../../wire/limits.ts'
import { OWNER } from '../../access/asker.ts'
import { Hub } from '../hub.ts'
import { Keeper } from '../keeper.ts'
import { UNSENT_PRESENCE_MAX } from '../limits.ts'
import type { SseSession } from '../sse-session.ts'
import { SseSessions } from '../sse-sessions.ts'
import type { Topics } from '../topic.ts'
import { UnsentPresence } from './unsent-presence.ts'

const id = <Id>(byte: number) => idFromBytes(new Uint8Array(32).fill(byte)) as Id
const contextId = id<ContextId>(9)
const TOPICS = { contextIds: [contextId], groupIds: [] }

const shows = (author: number, first = 200): PresenceEvent => ({
  contextId,
  presence: { author: id<PublicKey>(author), state: new Uint8Array(PRESENCE_BYTES_MAX).fill(200).fill(first, 0, 1) },
})

function room(shown: readonly PresenceEvent[] = []) {
  const clock = new DrivenClock()
  const feed = new Feed<NodeEvent>((error) => {
    throw error
  })
  let sees = (topics: Topics) => topics
  const sight = { visible: (_: unknown, topics: Topics) => sees(topics), basisOf: () => feed, isAbout: () => false }
  const hub = new Hub(feed, sight, () => shown)
  const keeper = new Keeper({ clock, log: silentLogger, revocations: undefined })
  const sessions = new SseSessions({ hub, keeper, random: seededRandom('shown'), nowMs: () => clock.nowMs() })
  const blind = () => {
    sees = () => ({ contextIds: [], groupIds: [] })
  }
  return { feed, hub, sessions, blind }
}

const connect = (session: SseSession, after?: number) =>
  session.connect(OWNER, { after, signal: new AbortController().signal })[Symbol.asyncIterator]()

const framesIn = (text: string) => text.split('"Ephemeral"').length - 1

/** What comes until `count` frames of presence have come. */
async function read(stream: AsyncIterator<Uint8Array>, count: number): Promise<string> {
  let text = ''
  while (framesIn(text) < count) text += new TextDecoder().decode((await stream.next()).value)
  return text
}

const change: NodeEvent = { contextId, deltaId: undefined, root: id<RootHash>(1), events: [] }

test('what members show pushes no event out of what is sent again, and takes no number', async () => {
  const shown = [shows(1)]
  const { feed, sessions } = room(shown)
  const session = sessions.open(OWNER)
  const first = connect(session)
  session.subscribe(OWNER, TOPICS)
  feed.emit(change)
  for (let author = 1; author <= 50; author += 1) feed.emit(shows(author))
  expect(session.counter).toBe(1)
  await first.return?.()
  const text = await read(connect(session, 0), 1)
  expect(text).toContain(`id: ${session.id}-1\ndata: {"result":{"contextId"`)
  expect(text).toContain('StateMutation')
})

test('who begins to watch where much is shown gets it page by page, and is not too slow', async () => {
  const { sessions, feed } = room(Array.from({ length: 60 }, (_, index) => shows(index + 1)))
  const session = sessions.open(OWNER)
  const stream = connect(session)
  session.subscribe(OWNER, TOPICS)
  expect(session.isActive).toBe(true)
  const page = await read(stream, 1)
  feed.emit(change)
  const text = await read(stream, 60 - framesIn(page))
  expect(text.slice(0, text.lastIndexOf('Ephemeral'))).toContain('StateMutation')
})

test('of one who changes faster than a client reads, the client gets the latest', async () => {
  const { sessions, feed } = room()
  const session = sessions.open(OWNER)
  const stream = connect(session)
  session.subscribe(OWNER, TOPICS)
  for (let count = 0; count < 100; count += 1) feed.emit(shows(1, count))
  feed.emit(shows(2))
  const text = await read(stream, 2)
  expect([framesIn(text), text.includes('"state":[99,')]).toEqual([2, true])
})

test('what waits is not sent to who may not see it any more', async () => {
  const { sessions, feed, hub, blind } = room()
  const session = sessions.open(OWNER)
  const stream = connect(session)
  session.subscribe(OWNER, TOPICS)
  feed.emit(shows(1))
  blind()
  hub.review(session)
  session.dismiss('enough')
  const text = new TextDecoder().decode((await stream.next()).value)
  expect(text).not.toContain('Ephemeral')
})

test('beyond what may wait, what waited longest goes', () => {
  const unsent = new UnsentPresence()
  const of = (index: number): PresenceEvent => ({ contextId, presence: { author: `${index}` as PublicKey } })
  for (let index = 0; index <= UNSENT_PRESENCE_MAX; index += 1) unsent.put(of(index))
  expect(unsent.next(() => true)?.presence.author).toBe('1')
  expect(unsent.next(() => false)).toBeUndefined()
  expect(unsent.next(() => true)).toBeUndefined()
})
