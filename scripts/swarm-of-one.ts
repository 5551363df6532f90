// Makes an engine that was started for tests the manager of a swarm, of which it is the only machine. What Docker makes for it
// on the machine, as the bridge through which tasks reach the world, is in the engine's own network and goes with that.
import { EngineClient } from '../workflows/src/driver/docker/engine/engine-client.ts'

/** Rejects where this engine, on this machine, can be none. */
export async function makeSwarm(url: string): Promise<void> {
  const engine = await EngineClient.connect({ url })
  const body = { ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1' }
  await engine.json('POST', '/swarm/init', { body })
}
