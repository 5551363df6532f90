// How much each namespace takes on this node. Reads all rows of what it counts: for operators, not for polling.
import { Type } from 'typebox'
import type { Bytes } from '../../../base/bytes.ts'
import { idBytes } from '../../../base/ids.ts'
import type { Namespace } from '../../../context/namespaces/namespace.ts'
import { keyOf, privatePrefix } from '../../../store/keys.ts'
import { rangeOf } from '../../../store/store.ts'
import { Count, Hex32 } from '../../formats/shapes.ts'
import type { NodeServices } from '../../ports.ts'
import { NoBody, NoFields, type Route, route } from '../../routing/route.ts'

const Usage = Type.Object({
  namespaceId: Hex32,
  contextCount: Count,
  memberCount: Count,
  subgroupCount: Count,
  bytes: Type.Object({ state: Count, privateState: Count, delta: Count, governance: Count, total: Count }),
})

async function bytesUnder(node: NodeServices, prefix: Bytes): Promise<number> {
  let sum = 0
  for await (const [key, value] of node.ports.store.entries(rangeOf(prefix))) sum += key.byteLength + value.byteLength
  return sum
}

async function usageOf(node: NodeServices, { id, state: { contexts, members, groups } }: Namespace): Promise<object> {
  const bytes = { state: 0, privateState: 0, delta: 0, governance: 0 }
  bytes.governance = await bytesUnder(node, keyOf('governance', idBytes(id)))
  for (const contextId of contexts.keys()) {
    if (!node.contexts.has(contextId)) continue
    bytes.state += (await node.contexts.get(contextId)).sizeInBytes
    bytes.privateState += await bytesUnder(node, privatePrefix(contextId))
    bytes.delta += await bytesUnder(node, keyOf('delta', idBytes(contextId)))
  }
  const total = bytes.state + bytes.privateState + bytes.delta + bytes.governance
  return {
    namespaceId: id,
    contextCount: contexts.size,
    memberCount: members.size,
    subgroupCount: groups.size - 1,
    bytes: { ...bytes, total },
  }
}

export const usageRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/usage',
    summary: 'Contexts, members and bytes of each namespace on this node',
    permission: 'admin',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ namespaces: Type.Array(Usage) }),
    handle: async ({ node }) => {
      const namespaces: object[] = []
      for (const namespace of node.namespaces.list()) namespaces.push(await usageOf(node, namespace))
      return { namespaces }
    },
  }),
]
