// One direction of a connection under each fault, on a driven clock.
import { beforeEach, describe, expect, it } from 'vitest'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { type Effect, joinEffects, NO_EFFECT } from './fault-rule.ts'
import { Lane } from './lane.ts'
import { LANE_BYTES_MAX, RETRANSMIT_MS, RETRANSMITS_MAX } from './limits.ts'

class Subject {
  readonly clock = new DrivenClock()
  readonly startMs = this.clock.nowMs()
  effect: Effect = NO_EFFECT
  readonly passed: { size: number; atMs: number }[] = []
  readonly said: string[] = []
  readonly lane = new Lane<Uint8Array>({
    clock: this.clock,
    random: seededRandom(7),
    effect: () => this.effect,
    pass: (piece) => this.passed.push({ size: piece.byteLength, atMs: this.clock.nowMs() - this.startMs }),
    reset: () => this.said.push('reset'),
    onFull: () => this.said.push('full'),
    onRoom: () => this.said.push('room'),
  })

  send(size = 10): void {
    this.lane.push(new Uint8Array(size))
  }

  get sizes(): number[] {
    return this.passed.map(({ size }) => size)
  }

  async run(ms: number): Promise<void> {
    let over = false
    this.clock.setTimer(() => {
      over = true
    }, ms)
    while (!over) this.clock.step()
    await this.clock.rest()
  }
}

describe('a lane', () => {
  let subject: Subject
  beforeEach(() => {
    subject = new Subject()
  })

  it('is clear while nothing is wrong, and hands on at once', () => {
    expect(subject.lane.isClear).toBe(true)
    subject.send()
    expect(subject.passed).toEqual([{ size: 10, atMs: 0 }])
  })

  it('delays what passes, in order', async () => {
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', delayMs: 50, jitterMs: 100 })
    for (const size of [1, 2, 3, 4]) subject.send(size)
    expect(subject.passed).toEqual([])
    await subject.run(151)
    expect(subject.sizes).toEqual([1, 2, 3, 4])
    expect(subject.passed[0]?.atMs).toBeGreaterThanOrEqual(50)
  })

  it('holds what is blocked until it is not, and loses nothing', async () => {
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', blocked: true })
    subject.send(1)
    subject.send(2)
    await subject.run(60_000)
    expect(subject.passed).toEqual([])
    expect(subject.lane.counts().waitingBytes).toBe(3)
    subject.effect = NO_EFFECT
    subject.lane.pump()
    subject.send(3)
    expect(subject.sizes).toEqual([1, 2, 3])
    expect(subject.lane.isClear).toBe(true)
  })

  it('what is lost comes as late as TCP sends it again, and is counted', async () => {
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', lossPercent: 50 })
    for (let count = 0; count < 100; count += 1) subject.send(1)
    await subject.run(3_600_000)
    const { lost } = subject.lane.counts()
    expect(subject.sizes).toHaveLength(100)
    expect(lost).toBeGreaterThan(60)
    expect(lost).toBeLessThan(140)
    expect(subject.passed.at(-1)?.atMs).toBeGreaterThanOrEqual(RETRANSMIT_MS)
  })

  it('carries nothing while all is lost, what was on its way neither, and all of it afterwards', async () => {
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', delayMs: 50 })
    subject.send(1)
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', lossPercent: 100 })
    subject.lane.pump()
    subject.send(2)
    await subject.run(3_600_000)
    expect(subject.passed).toEqual([])
    expect(subject.lane.counts()).toEqual({ passed: 0, lost: 1, waitingBytes: 3 })
    subject.effect = NO_EFFECT
    subject.lane.pump()
    expect(subject.sizes).toEqual([1, 2])
    expect(subject.lane.isClear).toBe(true)
  })

  it('passes what is nearly always lost with the last time that it is sent', async () => {
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', lossPercent: 99.999 })
    subject.send(1)
    const lastMs = RETRANSMIT_MS * (2 ** RETRANSMITS_MAX - 1)
    await subject.run(lastMs)
    expect(subject.passed).toEqual([{ size: 1, atMs: lastMs }])
  })

  it('passes no more bytes a second than it may', async () => {
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', bytesPerSecond: 1000 })
    for (let count = 0; count < 4; count += 1) subject.send(500)
    await subject.run(999)
    expect(subject.sizes).toHaveLength(1)
    await subject.run(1002)
    expect(subject.sizes).toHaveLength(4)
  })

  it('says when more waits than may, and when there is room again', () => {
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', blocked: true })
    subject.send(LANE_BYTES_MAX)
    subject.send(1)
    expect(subject.said).toEqual(['full'])
    subject.effect = NO_EFFECT
    subject.lane.pump()
    expect(subject.said).toEqual(['full', 'room'])
  })

  it('resets where chance says so', () => {
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', resetPercent: 100 })
    subject.send()
    expect([subject.said, subject.passed]).toEqual([['reset'], []])
  })

  it('hands on nothing after it was closed', async () => {
    subject.effect = joinEffects(NO_EFFECT, { direction: 'in', delayMs: 50 })
    subject.send()
    subject.lane.close()
    await subject.run(100)
    expect(subject.passed).toEqual([])
  })
})

describe('several rules together', () => {
  it('add delays, take chances one after the other, and keep the narrowest bandwidth', () => {
    const first = joinEffects(NO_EFFECT, { direction: 'both', delayMs: 10, lossPercent: 50, bytesPerSecond: 100 })
    const both = joinEffects(first, {
      direction: 'in',
      delayMs: 5,
      lossPercent: 50,
      bytesPerSecond: 900,
      blocked: true,
    })
    expect(both).toEqual({
      blocked: true,
      delayMs: 15,
      jitterMs: 0,
      lossPercent: 75,
      bytesPerSecond: 100,
      resetPercent: 0,
    })
  })
})
