import { expect, test } from 'vitest'
import { Feed } from '../../base/feed.ts'
import type { ContextId } from '../../base/ids.ts'
import { silentLogger } from '../../base/log.ts'
import type { NodeEvent } from '../../context/ports.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { type Asker, OWNER } from '../access/asker.ts'
import { Hub } from './hub.ts'
import { Keeper } from './keeper.ts'
import { SESSION_KEPT_MS, SESSIONS_MAX, SESSIONS_PER_KEY_MAX } from './limits.ts'
import { SseSessions } from './sse-sessions.ts'

const contextId = 'ab'.repeat(32) as ContextId

function sessionsOn(clock = new DrivenClock()): SseSessions {
  const feed = new Feed<NodeEvent>((error) => {
    throw error
  })
  const hub = new Hub(feed, { visible: (_watcher, topics) => topics, basisOf: () => feed, isAbout: () => false })
  const keeper = new Keeper({ clock, log: silentLogger, revocations: undefined })
  return new SseSessions({ hub, keeper, random: seededRandom('sessions'), nowMs: () => clock.nowMs() })
}

const holder = (keyId: string): Asker => ({ ...OWNER, keyId })

/** One that somebody is connected to; the result lets it go. */
function connected(sessions: SseSessions, asker: Asker) {
  const gone = new AbortController()
  const session = sessions.open(asker)
  session.connect(asker, { after: undefined, signal: gone.signal })
  return { session, leave: () => gone.abort() }
}

test('whose client has gone before it read anything is left, and its place is free', () => {
  const { session, leave } = connected(sessionsOn(), OWNER)
  expect(session.isActive).toBe(true)
  leave()
  expect([session.isActive, session.leftAtMs]).toEqual([false, expect.any(Number)])
})

test('one key has so many: the one that was left first goes first, and while all are read there is no more', () => {
  const clock = new DrivenClock()
  const sessions = sessionsOn(clock)
  const all = Array.from({ length: SESSIONS_PER_KEY_MAX }, () => connected(sessions, holder('a')))
  expect(() => sessions.open(holder('a'))).toThrow(expect.objectContaining({ code: 'BUSY' }))
  const others = connected(sessions, holder('b'))
  others.leave()
  all[7]?.leave()
  clock.setTimer(() => {}, 1)
  clock.step()
  all[3]?.leave()
  connected(sessions, holder('a'))
  expect(sessions.find(all[7]?.session.id ?? '')).toBeUndefined()
  expect(sessions.find(all[3]?.session.id ?? '')).toBe(all[3]?.session)
  expect(sessions.find(others.session.id)).toBe(others.session)
})

test('where keys are not told apart, there are so many in all', () => {
  const sessions = sessionsOn()
  for (let count = 0; count < SESSIONS_MAX; count += 1)
    sessions.open(OWNER).connect(OWNER, { after: undefined, signal: new AbortController().signal })
  expect(() => sessions.open(OWNER)).toThrow(expect.objectContaining({ code: 'BUSY' }))
})

test('a session that nobody came back to is over after a day', () => {
  const clock = new DrivenClock()
  const sessions = sessionsOn(clock)
  const { session, leave } = connected(sessions, OWNER)
  session.subscribe(OWNER, { contextIds: [contextId], groupIds: [] })
  leave()
  clock.setTimer(() => {}, SESSION_KEPT_MS)
  while (clock.step());
  sessions.open(OWNER)
  expect([sessions.find(session.id), session.subscriptions]).toEqual([undefined, []])
})
