// Who may log in on nodes that are made with embedded authentication: a node takes its first administrator from its
// environment when it is made, and only then. Without one it does not start.
import { randomBytes } from 'node:crypto'
import type { Plan, PlannedStep } from '../../plan/plan-types.ts'
import { hasPlaceholder, resolve } from '../../values/placeholders.ts'
import type { Variables } from '../../values/variables.ts'

export interface Administrator {
  readonly username: string
  readonly password: string
}

export interface AdministratorParts {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the command line; counts for every node. */
  readonly login: Administrator | undefined
  readonly variables: Variables
}

/** Names of the nodes that get one. The environment of calbox, where it has one, is that of every node already. */
export function administratorsOf(
  plan: Pick<Plan, 'nodes' | 'settings' | 'steps'>,
  { env, login, variables }: AdministratorParts,
): Map<string, Administrator> {
  if (plan.settings.authMode !== 'embedded') return new Map()
  if (login === undefined && env.MERO_AUTH_ADMIN_USER) return new Map()
  const logins = login === undefined ? loginsIn(plan.steps, variables) : []
  const fallback = login ?? logins[0] ?? nobody()
  return new Map(plan.nodes.map(({ name }) => [name, logins.find((each) => each.node === name) ?? fallback] as const))
}

/** The environment that makes this administrator. */
export function administratorEnv({ username, password }: Administrator): Readonly<Record<string, string>> {
  return { MERO_AUTH_ADMIN_USER: username, MERO_AUTH_ADMIN_PASSWORD: password }
}

/** The first login of a node that is to succeed is that of its administrator; nobody else is known there. */
function loginsIn(steps: readonly PlannedStep[], variables: Variables): (Administrator & { readonly node: string })[] {
  return steps.flatMap((step) => {
    const nested = step.branches.flatMap((branch) => loginsIn(branch.steps, variables))
    if (step.kind !== 'login' || step.expectedFailure) return nested
    const [node, username, password] = [step.input.node, step.input.username, step.input.password].map((value) =>
      knownText(value ?? null, variables),
    )
    if (username === undefined || password === undefined) return nested
    return [{ node: node ?? '', username, password }, ...nested]
  })
}

/** Undefined where it is made of what only the run brings. */
function knownText(value: PlannedStep['input'][string], variables: Variables): string | undefined {
  let unknown = false
  const text = resolve(value ?? null, variables, {
    onUnresolved: () => {
      unknown = true
    },
  })
  return typeof text === 'string' && text !== '' && !unknown && !hasPlaceholder(text) ? text : undefined
}

/** A name and password that nobody knows. */
function nobody(): Administrator {
  return { username: 'calbox', password: randomBytes(24).toString('base64url') }
}
