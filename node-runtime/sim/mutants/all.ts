// All planted bugs.
import { CAUSAL } from './causal.ts'
import { CONTEXT } from './context.ts'
import { CRDT } from './crdt.ts'
import { EVENTS } from './events.ts'
import { MEMBERS } from './members.ts'
import type { Mutant } from './mutant.ts'
import { RETENTION } from './retention.ts'
import { STATE } from './state.ts'
import { SWEEPING } from './sweeping.ts'
import { SYNC } from './sync.ts'

export const MUTANTS: readonly Mutant[] = [
  ...CAUSAL,
  ...CRDT,
  ...STATE,
  ...CONTEXT,
  ...EVENTS,
  ...RETENTION,
  ...SWEEPING,
  ...MEMBERS,
  ...SYNC,
]
