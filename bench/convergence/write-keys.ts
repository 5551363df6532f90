// A client that writes to a context of kv-store, with some calls under way at a time.
import type { RealNode } from '../real-nodes.ts'

interface Keys {
  readonly count: number
  /** Calls that are under way at a time. */
  readonly together: number
  readonly key: (index: number) => string
}

export async function writeKeys(node: RealNode, contextId: string, { count, together, key }: Keys): Promise<void> {
  let next = 0
  const client = async () => {
    for (let index = next++; index < count; index = next++) {
      await node.call(contextId, 'set', { key: key(index), value: `value ${index}` })
    }
  }
  await Promise.all(Array.from({ length: together }, client))
}
