// Makes an engine that was started for tests the manager of a swarm, of which it is the only machine; and takes that away again
// with what Docker leaves of it on the machine: the bridge through which tasks reach the world.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { EngineClient, engineStatus } from '../workflows/src/driver/docker/engine/engine-client.ts'

const BRIDGE = 'docker_gwbridge'

/** Resolves with what takes it away. Rejects where this engine, on this machine, can be none. */
export async function makeSwarm(url: string): Promise<() => Promise<void>> {
  const engine = await EngineClient.connect({ url })
  const hadBridge = existsSync(`/sys/class/net/${BRIDGE}`)
  const body = { ListenAddr: `127.0.0.1:${await freePort()}`, AdvertiseAddr: '127.0.0.1' }
  await engine.json('POST', '/swarm/init', { body })
  return async () => {
    await engine.tell('POST', '/swarm/leave', { query: { force: true } })
    if (hadBridge) return
    await engine.tell('DELETE', `/networks/${BRIDGE}`).catch((error: unknown) => {
      // Made with the first task, and there was none.
      if (engineStatus(error) !== 404) throw error
    })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
