// What a file or the environment asks for and nothing here does: said once, not passed over in silence.
import type { NodeDriver } from '../../driver/driver.ts'
import type { Plan, PlannedNode } from '../../plan/plan-types.ts'

/** Settings that are accepted and change nothing here; one line each. */
export function ignoredSettings(plan: Plan, driver?: NodeDriver): string[] {
  return [
    ...ofTopology(plan),
    ...ofImages(plan, driver),
    ...ofNodes(plan),
    ...ofLogins(plan),
    ...ofProgram(plan, driver),
  ]
}

function ofTopology({ settings: { topology, stopAllNodes } }: Plan): string[] {
  const notes: string[] = []
  if (topology !== undefined && !stopAllNodes) {
    notes.push('stop_all_nodes: false is not kept: nodes of a topology end with the run, as their network does')
  }
  if (topology?.bootNodeImage !== undefined) {
    notes.push(`topology.boot_node.image ${topology.bootNodeImage} is not used: the boot node is that of calbox`)
  }
  return notes
}

function ofImages({ settings, nodes }: Plan, driver?: NodeDriver): string[] {
  const image = settings.image ?? nodes.find((node) => node.image !== undefined)?.image
  if (image !== undefined && driver?.capabilities.images !== true) {
    const how = isInContainers(driver) ? 'in that of calbox (--image-as-written uses it)' : 'as processes'
    return [`image ${image} is not used: nodes run ${how}`]
  }
  return settings.forcePullImage && image === undefined ? ['force_pull_image is not used: no image is named'] : []
}

function isInContainers(driver: NodeDriver | undefined): boolean {
  return driver?.kind === 'docker' || driver?.kind === 'swarm'
}

const OF_NODES: Readonly<Partial<Record<keyof PlannedNode, string>>> = {
  configPath: 'config_path is not used: nodes make their configuration themselves',
  useImageEntrypoint: 'use_image_entrypoint is not used: nodes are started by their program',
  networkAdmin: 'network_admin is not used: nodes need no rights for faults of connections',
}

function ofNodes({ nodes }: Plan): string[] {
  return Object.entries(OF_NODES).flatMap(([key, note]) => {
    const isAsked = nodes.some((node) => ![undefined, false].includes(node[key as keyof PlannedNode] as undefined))
    return isAsked ? [note] : []
  })
}

function ofLogins({ settings }: Plan): string[] {
  const why = 'is not used: there is no authentication service beside the nodes'
  return [
    ...(settings.authImage === undefined ? [] : [`auth_image ${settings.authImage} ${why}`]),
    ...(settings.authUseCached ? [`auth_use_cached ${why}`] : []),
    ...(settings.webuiUseCached ? [`webui_use_cached ${why}`] : []),
  ]
}

function ofProgram({ settings }: Plan, driver?: NodeDriver): string[] {
  const notes: string[] = []
  if (settings.noDocker && isInContainers(driver)) notes.push('no_docker is not used: --driver docker was asked for')
  if (driver === undefined || driver.kind === 'merod') return notes
  if (settings.binaryPath !== undefined) {
    notes.push(
      `binary_path ${settings.binaryPath} is not used: nodes run the program of calbox (--driver merod runs it)`,
    )
  }
  const ofMerod = [
    ...(settings.logLevel === undefined ? [] : [`log_level ${settings.logLevel}`]),
    ...(settings.rustBacktrace === undefined ? [] : [`rust_backtrace ${settings.rustBacktrace}`]),
  ]
  return [...notes, ...ofMerod.map((setting) => `${setting} is not used: it is of merod, and the nodes are no merod`)]
}

/** Those of merobox that mean the same here; the command line reads some of them. */
const READ: ReadonlySet<string> = new Set([
  'MEROBOX_API_KEY',
  'MEROBOX_USERNAME',
  'MEROBOX_PASSWORD',
  'MEROBOX_STOP_TIMEOUT',
  'MEROBOX_DRAIN_TIMEOUT',
  'MEROBOX_RESTART_LOG_DIR',
  'MEROBOX_PRE_RESTART_LOG_DIR',
])

export function ignoredEnvironment(env: Readonly<Record<string, string | undefined>>): string[] {
  const names = Object.keys(env).filter((name) => name.startsWith('MEROBOX_') && !READ.has(name) && env[name] !== '')
  return names.length === 0 ? [] : [`${names.sort().join(', ')}: set in the environment, and without effect here`]
}
