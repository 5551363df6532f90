// Waits until a node has its peers. Addresses that a workflow adds (`bootstrap_nodes`) are waited for only a while: merobox
// starts nodes without them, so a file that runs there runs here.
import type { NodeDriver, RunningNode, StartOptions } from './driver.ts'
import { DriverError } from './errors.ts'
import { BOOTSTRAP_PATIENCE_MS, READY_TIMEOUT_MS } from './limits.ts'
import { silentBootNodes, silentText } from './process/silent-boot-nodes.ts'

/** Resolves with a warning where it has reached the nodes of its run, and not those added addresses. */
export async function awaitNodeMesh(
  driver: Pick<NodeDriver, 'meshed'>,
  node: RunningNode,
  options: StartOptions,
): Promise<string | undefined> {
  const added = node.spec.bootstrapNodes ?? []
  const started = performance.now()
  const timeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS
  for (;;) {
    const leftMs = timeoutMs - (performance.now() - started)
    const isLast = added.length === 0 || leftMs <= BOOTSTRAP_PATIENCE_MS
    try {
      const readyTimeoutMs = isLast ? Math.max(0, leftMs) : BOOTSTRAP_PATIENCE_MS
      await driver.meshed(node, { ...options, readyTimeoutMs })
      return undefined
    } catch (error) {
      if (!(error instanceof DriverError) || error.code !== 'MESH_TIMEOUT' || added.length === 0) throw error
      if (hasSiblings(error, node.spec.bootstrap.length)) return withoutThem(node, added)
      if (isLast) throw error
    }
  }
}

/** By what calnode says while it is not ready; of anything else it is not known, and so waited for. */
function hasSiblings({ data }: DriverError, siblings: number): boolean {
  const counts = /connected to (\d+) of (\d+) nodes, (\d+) greeted, (\d+) reached/.exec(String(data.seen))
  if (counts === null) return false
  const [connected = 0, needed = 0, greeted = 0, reached = 0] = counts.slice(1).map(Number)
  const wanted = Math.min(siblings, needed)
  return connected >= wanted && greeted >= wanted && reached >= Math.min(1, wanted)
}

async function withoutThem(node: RunningNode, added: readonly string[]): Promise<string> {
  const silent = await silentBootNodes(node.url)
  const which = silent.filter((address) => added.some((each) => each.startsWith(address)))
  const named = silentText(which.length > 0 ? which : added)
  return `node ${node.name} goes on without ${named} of bootstrap_nodes, which did not answer`
}
