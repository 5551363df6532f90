// Which version of its state a program has, and from which earlier ones it brings state to it: what its ABI says, or else the
// names of its methods. A function of the code alone, so it is the same on every node.
import { utf8 } from '../../base/bytes.ts'

export interface MigrationStep {
  /** A method without input. */
  readonly method: string
  readonly from: number
  readonly to: number
}

export interface StateSchema {
  readonly version: number
  readonly steps: readonly MigrationStep[]
}

/** Of state whose version nobody says. */
export const FIRST_STATE_VERSION = 1
/**
 * The entry of a state in which the node says its version; guests do not write it. No key of the host's CRDTs begins like it,
 * nor has any of a guest's own storage layer its length.
 */
export const STATE_VERSION_KEY = utf8('calbox/state-version')
const VERSION_MAX = 2 ** 32 - 1
const BY_NAME = /^migrate_v(\d{1,10})_to_v(\d{1,10})$/

/** Undefined: it does not say. `abi`: as JSON text. */
export function stateSchemaOf(abi: string | undefined, methods: readonly string[]): StateSchema | undefined {
  const said = abi === undefined ? undefined : readAbi(abi)
  const named = methods.flatMap(stepByName)
  if (said === undefined && named.length === 0) return undefined
  // Older compilers name the step and leave the version as it was.
  const version = Math.max(said?.version ?? FIRST_STATE_VERSION, ...named.map(({ to }) => to))
  const listed = (said?.listed ?? []).map(({ method, from }) => ({ method, from, to: version }))
  const others = named.filter(({ method }) => !listed.some((step) => step.method === method))
  return { version, steps: [...listed, ...others] }
}

function stepByName(method: string): MigrationStep[] {
  const [, from, to] = (BY_NAME.exec(method) ?? []).map(Number)
  return from !== undefined && to !== undefined && from < to && to <= VERSION_MAX ? [{ method, from, to }] : []
}

interface Said {
  readonly version: number | undefined
  readonly listed: readonly { readonly method: string; readonly from: number }[]
}

function readAbi(json: string): Said | undefined {
  try {
    const abi: unknown = JSON.parse(json)
    if (!isObject(abi)) return undefined
    const migrations = Array.isArray(abi.migrations) ? abi.migrations : []
    return {
      version: isVersion(abi.state_version) ? abi.state_version : undefined,
      listed: migrations.flatMap(readStep),
    }
  } catch {
    // Only a description: an app with a broken one still runs.
    return undefined
  }
}

function readStep(step: unknown): { method: string; from: number }[] {
  if (!isObject(step) || typeof step.method !== 'string' || !isVersion(step.fromVersion)) return []
  return [{ method: step.method, from: step.fromVersion }]
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= VERSION_MAX
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
