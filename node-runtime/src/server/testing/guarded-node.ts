// A node behind embedded authentication, over real sockets; one administrator, ann.
import { type Auth, openAuth } from '../../auth/auth.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { systemRandom } from '../../base/random.ts'
import { memoryStore } from '../../store/memory.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { TestWorld } from '../../testing/test-nodes.ts'
import { createServer } from '../server.ts'

const CHEAP = { cost: 16, blockSize: 1, parallelization: 1 }
export const ANN = { username: 'ann', password: 'correct horse' }

export interface GuardedNode {
  readonly world: TestWorld
  readonly auth: Auth
  readonly log: RecordingLogger
  readonly url: string
  close(): Promise<void>
}

/** `nowMs`: the clock of tokens; everything else runs by the other one. */
export async function openGuardedNode(
  nowMs: () => number = Date.now,
  others: Clock = systemClock,
): Promise<GuardedNode> {
  const log = new RecordingLogger()
  const world = await TestWorld.open({ clock: others })
  const { node } = await world.start('n')
  const clock = { nowMs, setTimer: systemClock.setTimer }
  const identity = signingKeyFromSeed(new Uint8Array(32).fill(1))
  const auth = await openAuth({ store: memoryStore(), clock, random: systemRandom, log, identity }, { scrypt: CHEAP })
  await auth.addFirstAdmin(ANN)
  const server = createServer({ node, log, guard: auth.guard, auth })
  await server.listen('127.0.0.1', 0)
  const close = async () => {
    await server.close()
    await world.close()
  }
  return { world, auth, log, url: server.addresses()[0] ?? '', close }
}
