import { describe, expect, it } from 'vitest'
import { DrivenClock } from '../testing/driven-clock.ts'
import { PULL_AFTER_MS } from './limits.ts'
import { PullQueue } from './pull-queue.ts'

function queue() {
  const clock = new DrivenClock()
  const began: string[] = []
  const ends: (() => void)[] = []
  const work = (name: string) => (isNext: boolean) => {
    began.push(isNext ? `${name} next` : name)
    return new Promise<void>((resolve) => ends.push(resolve))
  }
  return { clock, pulls: new PullQueue(clock), began, work, end: () => ends.shift()?.() }
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

  it('for what gossip may bring begins later, if that has not come', async () => {
    const { clock, pulls, began } = queue()
    const startMs = clock.nowMs()
    let lacking = true
    pulls.later(
      'ada',
      () => lacking,
      () => began.push('ada'),
    )
    pulls.later(
      'bob',
      () => false,
      () => began.push('bob'),
    )
    pulls.later(
      'ada',
      () => true,
      () => began.push('ada again'),
    )
    lacking = false
    while (clock.step()) await clock.rest()
    expect(began).toEqual(['ada'])
    expect(clock.nowMs() - startMs).toBe(PULL_AFTER_MS)
  })

  it('that begins later behind another one is for all that wished for it', async () => {
    const { clock, pulls, began, work, end } = queue()
    void pulls.pull('ada', () => true, work('first'))
    let first = true
    const begin = (wish: () => boolean | Promise<boolean>) => void pulls.pull('ada', wish, work('later'))
    pulls.later('ada', () => first, begin)
    pulls.later('ada', () => true, begin)
    while (clock.step()) await clock.rest()
    first = false
    end()
    await clock.rest()
    expect(began).toEqual(['first', 'later next'])
  })

  it('that is still to begin does not begin after the end', async () => {
    const { clock, pulls, began } = queue()
    pulls.later(
      'ada',
      () => true,
      () => began.push('ada'),
    )
    pulls.close()
    while (clock.step()) await clock.rest()
    expect(began).toEqual([])
  })
})
