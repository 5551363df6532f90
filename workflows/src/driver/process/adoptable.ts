// Whether a driver of processes may take over the node of a record that runs.
import { DriverError } from '../errors.ts'
import { isRecordElsewhere, liveOwner, type NodeRecord, nodeElsewhere } from '../state/node-state.ts'
import type { NodeProgram } from './node-program.ts'

interface Adopter {
  readonly kind: NodeProgram['kind']
  readonly driverId: string
}

/** DriverError NODE_IN_USE while another calbox has it, NODE_RUNNING where it is of another kind. */
export function assertAdoptable(record: NodeRecord, { kind, driverId }: Adopter): void {
  const { name, container, program = 'process' } = record
  if (isRecordElsewhere(record)) throw nodeElsewhere(record)
  const owner = liveOwner(record, driverId)
  if (owner !== undefined) {
    const message = `node ${name} is used by a run that is going on (pid ${owner.pid}); wait for its end, or run in another folder`
    throw new DriverError('NODE_IN_USE', message, { data: { node: name, owner: owner.pid } })
  }
  if (container !== undefined) {
    const message = `node ${name} runs in a container (${container.name}); \`calbox down\` ends it, or use --driver docker`
    throw new DriverError('NODE_RUNNING', message, { data: { node: name } })
  }
  if (program !== kind) {
    const what = program === 'merod' ? 'merod' : 'calnode'
    const message = `node ${name} runs ${what} (pid ${record.process.pid}); \`calbox down\` ends it, or use --driver ${program}`
    throw new DriverError('NODE_RUNNING', message, { data: { node: name } })
  }
}
