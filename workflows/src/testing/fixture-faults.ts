// The fault port of a fixture node: it keeps what is put on, and nothing of it happens.
import { FixtureHttpError } from './fixture-http-error.ts'
import type { FixtureNode } from './fixture-network.ts'

/** By node, then by id. */
const faults = new WeakMap<FixtureNode, Map<string, object>>()

export function faultsOn(node: FixtureNode): Map<string, object> {
  const known = faults.get(node) ?? new Map<string, object>()
  faults.set(node, known)
  return known
}

/** Method and path → what is answered. */
export const faultRoutes: Readonly<Record<string, (node: FixtureNode, params: string[], body: unknown) => unknown>> = {
  'GET /admin-api/network/status': (node) => ({ data: { localPeerId: `peer-of-${node.name}` } }),
  'GET /test-api/faults': (node) => {
    const list = [...faultsOn(node)].map(([id, fault]) => ({ id, fault, messages: { chosen: 1, matched: 2, held: 0 } }))
    return { data: { faults: list } }
  },
  'POST /test-api/faults': (node, _, body) => {
    const { id, ...fault } = body as { id: string }
    faultsOn(node).set(id, fault)
    return { data: { id } }
  },
  'DELETE /test-api/faults/:id': (node, [id = '']) => {
    if (!faultsOn(node).delete(decodeURIComponent(id))) throw new FixtureHttpError(404, `there is no fault ${id}`)
    return { data: {} }
  },
}
