// Bugs in what clients are shown.
import type { Mutant } from './mutant.ts'

export const EVENTS: readonly Mutant[] = [
  {
    name: 'remote-events-are-shown-to-nobody',
    file: 'context/apply/receiver.ts',
    find: 'for (const { delta, payload } of fresh) this.#parts.ledger.emit(delta.id, payload.events)',
    replace: '',
    why: 'clients of a node see what its own calls do, and never what others do',
    breaks: 'I3',
    chosenFrom: 'source',
  },
  {
    name: 'what-counts-after-all-is-shown-to-nobody',
    file: 'context/apply/revision.ts',
    find: '      ledger.emit(id, payload.events)\n',
    replace: '',
    why: 'what was void when it came, and counts since more is known of what was accepted, is told to no client',
    breaks: 'I3',
    needs: 'removal',
    chosenFrom: 'source',
  },
]
