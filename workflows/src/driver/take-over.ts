// A node that an earlier run has left, for the driver that wants it.
import { isNodeRunning } from './record-life.ts'
import type { NodeRecord, NodeState, Owner } from './state/node-state.ts'

interface TakeOverOptions {
  readonly owner: Owner
  /** Throws for one that this driver cannot have. */
  readonly assertAdoptable: (record: NodeRecord) => unknown
  readonly signal: AbortSignal
}

/** Its record, which is the owner's now; undefined where nothing runs. Of two who want it at once one has it, and the other one is told who. */
export async function takeOver(
  state: NodeState,
  name: string,
  options: TakeOverOptions,
): Promise<NodeRecord | undefined> {
  // Most runs find nothing, and make nothing then.
  if ((await state.get(name)) === undefined) return undefined
  const claim = await state.claim(name)
  try {
    return await takeOverClaimed(state, name, options)
  } finally {
    await claim.release()
  }
}

/** Between the two records an engine is asked, which may take long. */
async function takeOverClaimed(
  state: NodeState,
  name: string,
  { owner, assertAdoptable, signal }: TakeOverOptions,
): Promise<NodeRecord | undefined> {
  const record = await state.get(name)
  if (record === undefined || !(await isNodeRunning(record, { signal }))) return undefined
  assertAdoptable(record)
  const owned: NodeRecord = { ...record, owner }
  await state.put(owned)
  return owned
}
