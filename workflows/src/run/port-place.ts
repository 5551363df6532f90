// Where a file asks for a port that somebody has, or for addresses that nobody reaches.
import { DriverError } from '../driver/errors.ts'
import type { Plan } from '../plan/plan-types.ts'
import type { SourcePlace } from './events.ts'

/** Undefined for any other error, and for a port that the file does not name. */
export function portPlace(error: unknown, plan: Plan): SourcePlace | undefined {
  if (!(error instanceof DriverError)) return undefined
  const bootstrap = plan.settingPositions.bootstrap_nodes
  if (error.code === 'MESH_TIMEOUT' && bootstrap !== undefined) return { file: plan.file, ...bootstrap }
  if (error.code !== 'PORT_BUSY') return undefined
  const { port } = error.data
  const node = plan.nodes.find(
    ({ rpcPort, swarmPort }) => port !== undefined && (port === rpcPort || port === swarmPort),
  )
  if (node === undefined) return undefined
  const [own, base] = port === node.rpcPort ? ['rpc_port', 'base_rpc_port'] : ['port', 'base_port']
  const keys = [`nodes.${node.name}.${own}`, `nodes.${node.name}.${base}`, `nodes.${base}`]
  const position = keys.map((key) => plan.settingPositions[key]).find((place) => place !== undefined)
  return { file: plan.file, ...(position ?? node.position) }
}
