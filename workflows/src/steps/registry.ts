// Every step kind, once. Planning, running, `calbox steps`, the docs page and the editor schema start from this list.
import { stepSchemaRegistry } from '../plan/check/step-schema.ts'
import { call } from './application/call.ts'
import { installApplication } from './application/install-application.ts'
import { assertStep } from './check/assert.ts'
import { jsonAssert } from './check/json-assert.ts'
import { createContext } from './context/create-context.ts'
import { createIdentity } from './context/create-identity.ts'
import { createMesh } from './context/create-mesh.ts'
import { joinContext } from './context/join-context.ts'
import { parallel } from './control/parallel.ts'
import { repeat } from './control/repeat.ts'
import { wait } from './control/wait.ts'
import { waitForSync } from './control/wait-for-sync.ts'
import { createGroupInNamespace } from './namespace/create-group-in-namespace.ts'
import { createNamespace } from './namespace/create-namespace.ts'
import { createNamespaceInvitation } from './namespace/create-namespace-invitation.ts'
import { joinNamespace } from './namespace/join-namespace.ts'
import { listGroupMembers } from './namespace/list-group-members.ts'
import { script } from './node/script.ts'
import { startNode } from './node/start-node.ts'
import { stopNode } from './node/stop-node.ts'
import type { StepKind } from './step-kind.ts'

export const stepKinds: readonly StepKind[] = [
  installApplication,
  call,
  createContext,
  joinContext,
  createIdentity,
  createMesh,
  createNamespace,
  createNamespaceInvitation,
  joinNamespace,
  createGroupInNamespace,
  listGroupMembers,
  wait,
  waitForSync,
  repeat,
  parallel,
  script,
  assertStep,
  jsonAssert,
  stopNode,
  startNode,
]

/** For `planWorkflow`. */
export const stepSchemas = stepSchemaRegistry(stepKinds)

const byName = new Map(stepKinds.flatMap((kind) => [kind.kind, ...(kind.aliases ?? [])].map((name) => [name, kind])))

export function stepKind(name: string): StepKind | undefined {
  return byName.get(name)
}
