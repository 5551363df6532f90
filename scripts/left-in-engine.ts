// What a run of calbox with `--driver docker` has in the container engine, found by the folder that it ran in.
import path from 'node:path'
import { engineAddress } from '../workflows/src/driver/docker/engine/engine-address.ts'
import { EngineClient } from '../workflows/src/driver/docker/engine/engine-client.ts'
import { field, listOf, textField } from '../workflows/src/driver/docker/engine/engine-reply.ts'
import { LABEL_STATE, labelled } from '../workflows/src/driver/docker/labels.ts'
import { removeContainer } from '../workflows/src/driver/docker/reap.ts'

/** Names of containers, ended ones included, and of networks. */
export async function leftInEngine(folder: string): Promise<string[]> {
  const { containers, networks } = await found(folder)
  return [
    ...containers.map((each) => `container ${String(listOf(field(each, 'Names'))[0])}`),
    ...networks.map((each) => `network ${textField(each, 'Name')}`),
  ]
}

export async function removeFromEngine(folder: string): Promise<void> {
  const { engine, containers, networks } = await found(folder)
  await Promise.all(containers.map((each) => removeContainer(engine, textField(each, 'Id'))))
  for (const each of networks) await engine.json('DELETE', `/networks/${textField(each, 'Id')}`).catch(() => undefined)
}

async function found(folder: string) {
  const engine = await EngineClient.connect(engineAddress({ env: process.env }))
  const filters = labelled(`${LABEL_STATE}=${path.join(folder, '.calbox')}`)
  const containers = listOf(await engine.json('GET', '/containers/json', { query: { all: true, filters } }))
  const networks = listOf(await engine.json('GET', '/networks', { query: { filters } }))
  return { engine, containers, networks }
}
