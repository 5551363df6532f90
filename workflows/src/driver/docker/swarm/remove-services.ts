// Takes services away, with all that is theirs. The reaper calls it, so it loads little.
import { setTimeout as delay } from 'node:timers/promises'
import { type EngineClient, engineStatus } from '../engine/engine-client.ts'
import { listOf, textField } from '../engine/engine-reply.ts'
import { LABEL_RUN, labelled } from '../labels.ts'
import { networkName } from '../run-networks.ts'

/** For tasks to be gone from the network of their run, which the swarm sees to. */
const GONE_TRIES_MAX = 60
const GONE_MS = 500
const OF_SERVICE = 'com.docker.swarm.service.id'

/** At once where its task is on the machine of this engine; its grace is kept to elsewhere. */
export async function removeService(
  engine: EngineClient,
  { id, secret }: { readonly id: string; readonly secret?: string | undefined },
): Promise<void> {
  await engine.json('DELETE', `/services/${id}`).catch(unlessGone)
  const query = { all: true, filters: labelled(`${OF_SERVICE}=${id}`) }
  // Until it is gone it has its port and its volume, and the swarm may be just removing it.
  for (let tries = 0; tries < GONE_TRIES_MAX; tries++) {
    const found = listOf(await engine.json('GET', '/containers/json', { query }))
    if (found.length === 0) break
    for (const each of found) {
      const path = `/containers/${textField(each, 'Id')}`
      await engine.json('DELETE', path, { query: { force: true, v: true } }).catch(unlessGone)
    }
    if (tries > 0) await delay(GONE_MS)
  }
  if (secret !== undefined) await engine.json('DELETE', `/secrets/${secret}`).catch(unlessGone)
}

/** With this label; none where the engine is no manager. */
export async function servicesWith(engine: EngineClient, label: string): Promise<unknown[]> {
  return ofManager(engine, '/services', label)
}

export function secretsWith(engine: EngineClient, label: string): Promise<unknown[]> {
  return ofManager(engine, '/secrets', label)
}

async function ofManager(engine: EngineClient, path: string, label: string): Promise<unknown[]> {
  const found = await engine.json('GET', path, { query: { filters: labelled(label) } }).catch((error: unknown) => {
    // No manager of a swarm, or an engine that knows none.
    if ([404, 405, 501, 503].includes(engineStatus(error) ?? 0)) return []
    throw error
  })
  return listOf(found)
}

/** The network of a run, unless a service is on it. */
export async function removeOverlay(engine: EngineClient, runId: string): Promise<void> {
  if ((await servicesWith(engine, `${LABEL_RUN}=${runId}`)).length > 0) return
  await removeUnused(engine, networkName(runId))
}

/** Until its tasks are gone it is in use; and the engine has it a little longer than the swarm. */
async function removeUnused(engine: EngineClient, network: string): Promise<void> {
  const path = `/networks/${encodeURIComponent(network)}`
  for (let tries = 0; tries < GONE_TRIES_MAX; tries++) {
    await engine.json('DELETE', path).catch(unlessRefused)
    const isThere = await engine.json('GET', path).then(() => true, unlessRefused)
    if (isThere !== true) return
    await delay(GONE_MS)
  }
}

function unlessRefused(error: unknown): void {
  if (engineStatus(error) === undefined) throw error
}

/** 409: somebody else is at it. */
function unlessGone(error: unknown): void {
  const status = engineStatus(error)
  if (status !== 404 && status !== 409) throw error
}
