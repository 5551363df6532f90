// What the record of a node says against starting it, or against taking it over.
import { DriverError } from '../errors.ts'
import {
  type ContainerPlace,
  isRecordElsewhere,
  liveOwner,
  type NodeRecord,
  nodeElsewhere,
  urlOfRecord,
} from '../state/node-state.ts'

/** Of a node that runs: its place. NODE_IN_USE for one of a run that goes on, NODE_RUNNING for one that runs as something else. */
export function adoptablePlace(
  record: NodeRecord,
  driver: { readonly id: string; readonly kind: 'docker' | 'swarm' },
): ContainerPlace {
  const { name, container } = record
  if (isRecordElsewhere(record)) throw nodeElsewhere(record)
  const owner = liveOwner(record, driver.id)
  if (owner !== undefined) {
    const message = `node ${name} is used by a run that is going on (pid ${owner.pid}); wait for its end, or run in another folder`
    throw new DriverError('NODE_IN_USE', message, { data: { node: name, owner: owner.pid } })
  }
  const runsAs = (what: string, remedy: string) => {
    const message = `node ${name} runs as a ${what}; \`calbox down\` ends it, or ${remedy}`
    return new DriverError('NODE_RUNNING', message, { data: { node: name } })
  }
  if (container === undefined) throw runsAs(`process (pid ${record.process.pid})`, 'leave out --driver docker')
  if (container.service === undefined && driver.kind === 'swarm') {
    throw runsAs(`container (${container.name})`, 'leave out --swarm')
  }
  if (container.service !== undefined && driver.kind === 'docker') {
    throw runsAs(`service of a swarm (${container.name})`, 'give --swarm')
  }
  return container
}

/** Every record that a driver of containers makes, or takes over, has one. */
export function placeOf(record: NodeRecord): ContainerPlace {
  if (record.container === undefined) throw new Error(`assertion failed: node ${record.name} is in no container`)
  return record.container
}

export function alreadyRunning(record: NodeRecord): DriverError {
  if (isRecordElsewhere(record)) return nodeElsewhere(record)
  const where = record.container === undefined ? `pid ${record.process.pid}` : `container ${record.container.name}`
  const message = `node ${record.name} is already running (${where}, ${urlOfRecord(record)})`
  return new DriverError('NODE_RUNNING', message, { data: { node: record.name } })
}
