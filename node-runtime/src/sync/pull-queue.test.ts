import { describe, expect, it } from 'vitest'
import { silentLogger } from '../base/log.ts'
import { DrivenClock } from '../testing/driven-clock.ts'
import { PULL_AFTER_MS, PULL_LOOKS_MAX, PULL_WISHES_MAX } from './limits.ts'
import { PullQueue } from './pull-queue.ts'

const isComing = () => false

function queue() {
  const clock = new DrivenClock()
  const began: string[] = []
  const ends: (() => void)[] = []
  const work = (name: string) => (isNext: boolean) => {
    began.push(isNext ? `${name} next` : name)
    return new Promise<void>((resolve) => ends.push(resolve))
  }
  return { clock, pulls: new PullQueue(clock, silentLogger), began, work, end: () => ends.shift()?.() }
}

describe('a pull from a peer', () => {
  it('waits for the one under way, and is one for all that wished for it', async () => {
    const { clock, pulls, began, work, end } = queue()
    void pulls.pull('ada', () => true, work('first'))
    const second = pulls.pull('ada', () => true, work('second'))
    expect(pulls.pull('ada', () => true, work('third'))).toBe(second)
    expect(began).toEqual(['first'])
    end()
    await clock.rest()
    expect(began).toEqual(['first', 'second next'])
    end()
    await second
  })

  it('is left out when nothing that it was wished for is lacking any more', async () => {
    const { clock, pulls, began, work, end } = queue()
    void pulls.pull('ada', () => true, work('first'))
    const second = pulls.pull('ada', async () => false, work('second'))
    end()
    await second
    expect(began).toEqual(['first'])
    void pulls.pull('ada', () => false, work('third'))
    await clock.rest()
    expect(began).toEqual(['first', 'third'])
  })

  it('that lasts keeps only so many wishes for the next one, which is made where there were more', async () => {
    const { clock, pulls, began, work, end } = queue()
    let looks = 0
    const wish = () => {
      looks += 1
      return false
    }
    void pulls.pull('ada', wish, work('first'))
    for (let n = 0; n < 4 * PULL_WISHES_MAX; n += 1) void pulls.pull('ada', wish, work('second'))
    end()
    await clock.rest()
    expect([looks, began]).toEqual([PULL_WISHES_MAX, ['first', 'second next']])
  })

  it('for what gossip may bring begins later, if that has not come', async () => {
    const { clock, pulls, began } = queue()
    const startMs = clock.nowMs()
    let lacking = true
    pulls.later('ada', () => lacking, { begin: () => began.push('ada'), isComing })
    pulls.later('bob', () => false, { begin: () => began.push('bob'), isComing })
    pulls.later('ada', () => true, { begin: () => began.push('ada again'), isComing })
    lacking = false
    while (clock.step()) await clock.rest()
    expect(began).toEqual(['ada'])
    expect(clock.nowMs() - startMs).toBe(PULL_AFTER_MS)
  })

  it('for what may be in gossip that waits to be handled begins when that is handled, or after a while', async () => {
    const { clock, pulls, began } = queue()
    const startMs = clock.nowMs()
    const untilMs = startMs + 3 * PULL_AFTER_MS
    const tookMs: number[] = []
    const begin = () => {
      began.push('pull')
      tookMs.push(clock.nowMs() - startMs)
    }
    pulls.later('ada', () => true, { begin, isComing: () => clock.nowMs() < untilMs })
    pulls.later('bob', () => clock.nowMs() < untilMs, { begin, isComing: () => clock.nowMs() < untilMs })
    pulls.later('cyd', () => true, { begin, isComing: () => true })
    while (clock.step()) await clock.rest()
    expect(tookMs).toEqual([3 * PULL_AFTER_MS, (1 + PULL_LOOKS_MAX) * PULL_AFTER_MS])
    expect(began).toHaveLength(2)
  })

  it('that begins later behind another one is for all that wished for it', async () => {
    const { clock, pulls, began, work, end } = queue()
    void pulls.pull('ada', () => true, work('first'))
    let first = true
    const begin = (wish: () => boolean | Promise<boolean>) => void pulls.pull('ada', wish, work('later'))
    pulls.later('ada', () => first, { begin, isComing })
    pulls.later('ada', () => true, { begin, isComing })
    while (clock.step()) await clock.rest()
    first = false
    end()
    await clock.rest()
    expect(began).toEqual(['first', 'later next'])
  })

  it('begins where it cannot be seen whether anything is lacking, and keeps no later one from its turn', async () => {
    const { clock, pulls, began, work, end } = queue()
    const unread = () => {
      throw new Error('the store is being opened anew')
    }
    void pulls.pull('ada', () => true, work('first'))
    const second = pulls.pull('ada', unread, work('second'))
    end()
    await clock.rest()
    end()
    await second
    void pulls.pull('ada', async () => unread(), work('third'))
    pulls.later('bob', unread, { begin: () => began.push('bob'), isComing })
    while (clock.step()) await clock.rest()
    expect(began).toEqual(['first', 'second next', 'third', 'bob'])
  })

  it('that is still to begin does not begin after the end', async () => {
    const { clock, pulls, began } = queue()
    pulls.later('ada', () => true, { begin: () => began.push('ada'), isComing })
    pulls.close()
    while (clock.step()) await clock.rest()
    expect(began).toEqual([])
  })
})
