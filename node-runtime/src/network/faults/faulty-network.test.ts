// Streams whose frames are held, on the simulated network.
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../base/log.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { NetworkError } from '../errors.ts'
import { STREAM_IDLE_MS } from '../limits.ts'
import type { FrameStream } from '../network.ts'
import { SimulatedNetwork } from '../simulated/simulated.ts'
import { withMessageFaults } from './faulty-network.ts'
import { MessageFaults } from './message-faults.ts'

const PROTOCOL = 'numbers/1'
const ADDRESSES = ['/memory/1', '/memory/2']

class Scene {
  readonly clock = new DrivenClock()
  readonly faults = new MessageFaults({ clock: this.clock, log: silentLogger, name: 'ada', seed: 'test' })
  readonly received: (number | undefined)[] = []
  /** How the handler of the stream has ended. */
  ended: unknown

  /** The other end of a stream to a node that holds what comes. */
  async stream(): Promise<FrameStream> {
    const net = new SimulatedNetwork({ clock: this.clock, random: seededRandom(1) })
    const one = net.createNode({ peerId: 'one', bootAddresses: ADDRESSES })
    const other = withMessageFaults(net.createNode({ peerId: 'other', bootAddresses: ADDRESSES }), this.faults)
    other.handle(PROTOCOL, async (_peer, stream) => {
      try {
        for await (const frame of stream.frames) this.received.push(frame[0])
        this.ended = 'regularly'
      } catch (error) {
        this.ended = error instanceof NetworkError ? error.code : error
      }
    })
    await Promise.all([one.start(), other.start()])
    await this.until(() => one.peers().length > 0)
    this.faults.put('hold', { action: 'hold' })
    let opened: FrameStream | undefined
    void one.open('other', PROTOCOL).then((stream) => {
      opened = stream
    })
    await this.until(() => opened !== undefined)
    return opened ?? expect.fail('no stream')
  }

  get held(): number | undefined {
    return this.faults.counts('hold')?.held
  }

  async until(holds: () => boolean): Promise<void> {
    await this.clock.rest()
    while (!holds() && this.clock.step()) await this.clock.rest()
  }
}

describe('a stream with a held frame', () => {
  it('goes on in order after the release, also where its sender has said all', async () => {
    const scene = new Scene()
    const stream = await scene.stream()
    for (const n of [1, 2, 3]) await stream.send(Uint8Array.of(n))
    await stream.closeWrite()
    await scene.until(() => scene.held === 1)
    let isLater = false
    scene.clock.setTimer(() => {
      isLater = true
    }, STREAM_IDLE_MS / 2)
    await scene.until(() => isLater)
    expect(scene.received).toEqual([])
    scene.faults.remove('hold')
    await scene.until(() => scene.ended !== undefined)
    expect([scene.received, scene.ended]).toEqual([[1, 2, 3], 'regularly'])
  })

  it('ends with a reset by its sender, and leaves nothing held', async () => {
    const scene = new Scene()
    const stream = await scene.stream()
    await stream.send(Uint8Array.of(1))
    await scene.until(() => scene.held === 1)
    stream.abort(new Error('given up'))
    await scene.until(() => scene.ended !== undefined)
    expect([scene.ended, scene.held, scene.received]).toEqual(['STREAM_RESET', 0, []])
  })

  it('ends when the frame was held for as long as a stream may be silent', async () => {
    const scene = new Scene()
    const stream = await scene.stream()
    await stream.send(Uint8Array.of(1))
    await stream.closeWrite()
    await scene.until(() => scene.ended !== undefined)
    expect([scene.ended, scene.held, scene.received]).toEqual(['STREAM_IDLE', 0, []])
  })
})
