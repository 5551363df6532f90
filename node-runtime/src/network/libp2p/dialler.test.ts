import { beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../base/log.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { NetworkError } from '../errors.ts'
import {
  DIALS_AT_ONCE_MAX,
  RETRY_EXPECTED_MS,
  RETRY_FIRST_MS,
  RETRY_GROWTH,
  RETRY_MAX_MS,
  SETTLE_MS,
} from '../limits.ts'
import { Dialler } from './dialler.ts'

const place = (index: number) => `/memory/${index}`

/** A world of places of which some answer. Dials take 10 ms. */
class World {
  readonly clock = new DrivenClock()
  readonly start = this.clock.nowMs()
  readonly up = new Set<string>()
  readonly connected = new Set<string>()
  readonly dials: { place: string; atMs: number }[] = []
  running = 0
  mostRunning = 0

  dialler(own: number, boot: readonly string[], degree = 3): Dialler {
    const dialler: Dialler = new Dialler(
      {
        peerId: 'self',
        own: () => [place(own)],
        isConnected: (peer) => this.connected.has(peer),
        connectedCount: () => this.connected.size,
        connect: (address) => {
          this.dials.push({ place: address, atMs: this.clock.nowMs() - this.start })
          this.running += 1
          this.mostRunning = Math.max(this.mostRunning, this.running)
          return new Promise((resolve, reject) => {
            this.clock.setTimer(() => {
              this.running -= 1
              if (address === '/dns/me') return reject(new NetworkError('SELF_DIAL', 'self'))
              if (!this.up.has(address)) return reject(new NetworkError('DIAL_FAILED', 'refused'))
              this.connected.add(`peer of ${address}`)
              dialler.connected(`peer of ${address}`, false)
              resolve(`peer of ${address}`)
            }, 10)
          })
        },
      },
      { bootAddresses: boot, degree, clock: this.clock, random: seededRandom(1), log: silentLogger },
    )
    return dialler
  }

  async run(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms
    let reached = false
    this.clock.setTimer(() => {
      reached = true
    }, endMs - this.clock.nowMs())
    while (!reached) {
      await this.clock.rest()
      this.clock.step()
    }
    await this.clock.rest()
  }

  timesOf(address: string): number[] {
    return this.dials.filter((dial) => dial.place === address).map((dial) => dial.atMs)
  }
}

describe('dialler', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })

  it('tries fast at first, then slower, up to the longest pause', async () => {
    const dialler = world.dialler(1, [place(2)])
    dialler.start()
    await world.run(120_000)
    const times = world.timesOf(place(2))
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    // The attempt itself takes 10 ms.
    for (const [index, pause] of pauses.slice(0, 10).entries()) {
      expect(pause).toBeLessThanOrEqual(RETRY_FIRST_MS * RETRY_GROWTH ** (index + 1) + 10)
    }
    expect(Math.max(...pauses)).toBeLessThanOrEqual(RETRY_MAX_MS + 10)
    expect(Math.min(...pauses.slice(-5))).toBeGreaterThanOrEqual(RETRY_MAX_MS / 2)
    dialler.close()
  })

  it('stops at its degree and leaves the rest as spares', async () => {
    const boot = Array.from({ length: 10 }, (_, index) => place(index + 1))
    for (const address of boot) world.up.add(address)
    const dialler = world.dialler(1, boot)
    dialler.start()
    await world.run(60_000)
    expect(world.connected.size).toBe(3)
    expect(world.dials.length).toBe(3)
    expect(dialler.othersCount).toBe(9)
    const states = dialler.status().map(({ state }) => state)
    expect([states.filter((s) => s === 'connected').length, states.filter((s) => s === 'spare').length]).toEqual([3, 6])
    expect(states[0]).toBe('self')
    dialler.close()
  })

  it('takes spares in place of nodes that are down, and keeps the ring closed over them', async () => {
    const boot = Array.from({ length: 10 }, (_, index) => place(index + 1))
    for (const address of boot.slice(4)) world.up.add(address)
    const dialler = world.dialler(1, boot)
    dialler.start()
    await world.run(60_000)
    // 2, 3 and 4 are down: 5 is the nearest successor that is up.
    expect(world.connected).toContain(`peer of ${place(5)}`)
    expect(world.connected.size).toBeGreaterThanOrEqual(3)
    expect(world.mostRunning).toBeLessThanOrEqual(DIALS_AT_ONCE_MAX)
    dialler.close()
  })

  it('dials again after a loss', async () => {
    world.up.add(place(2))
    const dialler = world.dialler(1, [place(2)])
    dialler.start()
    await world.run(1000)
    world.connected.clear()
    dialler.disconnected(`peer of ${place(2)}`)
    await world.run(1000)
    expect(world.connected.size).toBe(1)
    dialler.close()
  })

  it('leaves an edge to the other side after one try', async () => {
    // Of two nodes the first in order dials; the second only looks whether the first has been up for long.
    const dialler = world.dialler(2, [place(1), place(2)])
    dialler.start()
    await world.run(RETRY_EXPECTED_MS / 2 - 50)
    expect(world.timesOf(place(1))).toEqual([0])
    dialler.close()
  })

  it('waits for the address of a peer that has just dialled us', async () => {
    const dialler = world.dialler(1, [place(2)])
    dialler.start()
    await world.run(500)
    const before = world.dials.length
    world.connected.add('somebody')
    dialler.connected('somebody', true)
    await world.run(SETTLE_MS - 50)
    expect(world.dials.length).toBe(before)
    dialler.learnt('somebody', [`${place(2)}/p2p/somebody`])
    await world.run(5000)
    expect(world.dials.length).toBe(before)
    expect(dialler.status()).toMatchObject([{ state: 'connected', peer: 'somebody' }])
    dialler.close()
  })

  it('dials on when that peer says nothing about itself', async () => {
    const dialler = world.dialler(1, [place(2)])
    dialler.start()
    await world.run(500)
    const before = world.dials.length
    world.connected.add('somebody')
    dialler.connected('somebody', true)
    await world.run(SETTLE_MS + 200)
    expect(world.dials.length).toBeGreaterThan(before)
    dialler.close()
  })

  it('takes learnt addresses as spares, only until the degree is met', async () => {
    world.up.add(place(2))
    const dialler = world.dialler(1, [place(2)])
    dialler.start()
    await world.run(100)
    for (const index of [3, 4, 5, 6]) {
      world.up.add(place(index))
      dialler.learnt(`peer of ${place(index)}`, [place(index)])
    }
    await world.run(5000)
    expect(world.connected.size).toBe(3)
    dialler.close()
  })

  it('never dials itself twice, under whatever name', async () => {
    const dialler = world.dialler(1, ['/dns/me', place(1)])
    dialler.start()
    await world.run(20_000)
    expect(world.dials.map((dial) => dial.place)).toEqual(['/dns/me'])
    expect(dialler.othersCount).toBe(0)
    dialler.close()
  })

  it('starts nothing after it was closed', async () => {
    const dialler = world.dialler(1, [place(2), place(3)])
    dialler.start()
    dialler.close()
    await world.run(5000)
    expect(world.dials.length).toBeLessThanOrEqual(2)
  })
})
