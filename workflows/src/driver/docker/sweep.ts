// What an earlier calbox of this working directory has left in an engine although it should not: containers that nobody
// knows, since it was killed, and its reaper with it, before they were on record; networks that nobody is in. Others that share the
// engine may have a folder of the same path: what does not carry the id of this one is theirs.
import type { NodeState } from '../state/node-state.ts'
import type { EngineClient } from './engine/engine-client.ts'
import { field, listOf, textField } from './engine/engine-reply.ts'
import { hasLiveOwner, isOfFolder, LABEL_STATE, labelled } from './labels.ts'
import { removeContainer, removeRest } from './reap.ts'
import { removeService, servicesWith } from './swarm/remove-services.ts'

/** Returns the names of the containers that are gone now. Those on record stay: `down` and `nuke` decide about them. */
export async function sweepContainers(engine: EngineClient, state: NodeState, stateDir: string): Promise<string[]> {
  const filters = labelled(`${LABEL_STATE}=${stateDir}`)
  const found = listOf(await engine.json('GET', '/containers/json', { query: { all: true, filters } }))
  const known = new Set(
    (await state.list()).flatMap(({ container }) => [container?.id ?? [], container?.service?.id ?? []].flat()),
  )
  const isStray = (thing: unknown) => isOfFolder(thing, stateDir) && !hasLiveOwner(thing)
  const strays = found.filter((each) => !known.has(textField(each, 'Id')) && isStray(each))
  await Promise.all(strays.map((each) => removeContainer(engine, textField(each, 'Id'))))
  const label = `${LABEL_STATE}=${stateDir}`
  const services = (await servicesWith(engine, label)).filter(
    (each) => !known.has(textField(each, 'ID')) && isStray(field(each, 'Spec')),
  )
  for (const each of services) await removeService(engine, { id: textField(each, 'ID') })
  await removeRest(engine, label, isStray)
  return [
    ...strays.map((each) => String(listOf(Reflect.get(Object(each), 'Names'))[0] ?? '').replace(/^\//, '')),
    ...services.map((each) => textField(each, 'Spec', 'Name')),
  ]
}
