// Ends what a calbox that is gone has left in an engine. The reaper calls it, so it loads little.
import { setTimeout as delay } from 'node:timers/promises'
import type { EngineAddress } from './engine/engine-address.ts'
import { EngineClient } from './engine/engine-client.ts'
import { field, listOf, textField } from './engine/engine-reply.ts'
import { LABEL_DRIVER, LABEL_RUN, labelled } from './labels.ts'
import { removeOverlay, removeService, secretsWith, servicesWith } from './swarm/remove-services.ts'

/** What calbox asked for with its last breath may be made after it is gone: looked for again until nothing comes. */
const QUIET_LOOKS = 3
const LOOK_MS = 300

/** All containers and networks of this driver, except those. An engine that is gone has no more of them. */
export async function reapContainers(
  address: EngineAddress,
  driverId: string,
  kept: ReadonlySet<string>,
): Promise<void> {
  const engine = await EngineClient.connect(address)
  const filters = labelled(`${LABEL_DRIVER}=${driverId}`)
  for (let quiet = 0; quiet < QUIET_LOOKS; quiet++) {
    const found = listOf(await engine.json('GET', '/containers/json', { query: { all: true, filters } }))
    const ids = found.map((container) => textField(container, 'Id')).filter((id) => !kept.has(id))
    const services = (await servicesWith(engine, `${LABEL_DRIVER}=${driverId}`))
      .map((service) => textField(service, 'ID'))
      .filter((id) => !kept.has(id))
    if (ids.length + services.length > 0) quiet = 0
    await Promise.all(ids.map((id) => removeContainer(engine, id)))
    await Promise.all(services.map((id) => removeService(engine, { id })))
    await delay(LOOK_MS)
  }
  await removeRest(engine, `${LABEL_DRIVER}=${driverId}`, () => true)
}

/** Networks that no node is on, and secrets that no service has. */
export async function removeRest(
  engine: EngineClient,
  label: string,
  isMeant: (thing: unknown) => boolean,
): Promise<void> {
  const query = { filters: labelled(label) }
  for (const network of listOf(await engine.json('GET', '/networks', { query })).filter(isMeant)) {
    // In use by nodes that were kept.
    if (textField(network, 'Scope') === 'swarm') await removeOverlay(engine, labelOf(network, LABEL_RUN))
    else await engine.json('DELETE', `/networks/${textField(network, 'Id')}`).catch(() => undefined)
  }
  for (const secret of (await secretsWith(engine, label)).filter((each) => isMeant(field(each, 'Spec')))) {
    // In use by nodes that were kept.
    await engine.json('DELETE', `/secrets/${textField(secret, 'ID')}`).catch(() => undefined)
  }
}

/** At once, with its anonymous volumes. */
export async function removeContainer(engine: EngineClient, id: string): Promise<void> {
  await engine
    .json('DELETE', `/containers/${id}`, { query: { force: true, v: true } })
    // Gone, or being removed by somebody.
    .catch(() => undefined)
}

export function labelOf(thing: unknown, label: string): string {
  const value = field(field(thing, 'Labels'), label)
  return typeof value === 'string' ? value : ''
}
