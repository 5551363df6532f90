// All targets, each with its own seeds and what a small network wrote and sent.
import type { Bytes } from '../src/base/bytes.ts'
import type { Target } from './target.ts'
import { authTargets } from './targets/auth.ts'
import { bootTargets } from './targets/boot.ts'
import { bundleTargets } from './targets/bundles.ts'
import { crdtTargets } from './targets/crdt.ts'
import { guestTargets } from './targets/guest.ts'
import { outsideTargets } from './targets/outside.ts'
import { requestTargets } from './targets/requests.ts'
import { rowTargets } from './targets/rows.ts'
import { wireTargets } from './targets/wire.ts'

const ALL: readonly Target[] = [
  ...wireTargets,
  ...rowTargets,
  ...authTargets,
  ...bootTargets,
  ...crdtTargets,
  ...guestTargets,
  ...outsideTargets,
  ...requestTargets,
  ...bundleTargets,
]

/** Valid bytes by the name of the target. */
export type Harvest = Readonly<Record<string, readonly Bytes[]>>

export function targetsWith(harvest: Harvest): Target[] {
  const unknown = Object.keys(harvest).filter((name) => !ALL.some((target) => target.name === name))
  if (unknown.length > 0) throw new Error(`no targets for these seeds: ${unknown.join(', ')}`)
  return ALL.map((target) => ({ ...target, seeds: [...target.seeds, ...(harvest[target.name] ?? [])] }))
}
