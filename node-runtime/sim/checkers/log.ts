// No warning and no error that nothing in the scenario explains.
import { keysOf } from '../../src/testing/test-node.ts'
import type { Facts } from '../record/facts.ts'
import { HOSTILE, remainingNodes } from '../scenario/scenario.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

type Entry = Facts['history']['logs'][number]

/** What is said each time that it is tried. */
const MIGRATION_FAILED =
  /^(a migration was given up by the guest|migration_check failed|Migration failed|made for another version of the state)/

export const log: Checker = {
  name: 'log',
  check(facts) {
    return facts.history.logs
      .filter((entry) => !isExplained(entry, facts))
      .map(({ name, entry }) => `${name} logged ${entry.level}: ${entry.message} ${JSON.stringify(entry.fields)}`)
      .slice(0, FINDINGS_MAX)
  },
}

function isExplained({ name, entry: { message, fields } }: Entry, { history, scenario }: Facts): boolean {
  const isRemoved = !remainingNodes(scenario).includes(name)
  // What a member has yet to handle when it is removed, it may not.
  if (isRemoved && /no member|may read context/.test(String(fields.error))) return true
  const isKeyPending = /the key of group \w+ has not arrived yet/.test(String(fields.error))
  if (isKeyPending && history.faults.has('removal')) return true
  const hostile = keysOf(HOSTILE).identity.publicKey
  // A member that lies about its root cannot be told from one that is broken.
  if (message.startsWith('state diverged')) return fields.member === hostile
  // Of which neither knew that somebody came, or went, on the other side.
  if (message.startsWith('another part of the group'))
    return history.faults.has('removal') || history.faults.has('late')
  if (scenario.marks?.includes('failing migration') && MIGRATION_FAILED.test(message)) return true
  if (history.faults.has('stumble') && /ran longer than|took this machine too long/.test(`${message} ${fields.error}`))
    return true
  // Of two who claim the same at once one has written in vain.
  if (scenario.app === 'collections' && message.startsWith('writes to what belongs to others')) return true
  const isHostiles =
    typeof fields.deltaId === 'string' && [...history.hostileDeltas].some((id) => id === fields.deltaId)
  if (isHostiles && /has no effect/.test(message)) return true
  // The last words of a process that dies at a write.
  return (
    history.killed.has(name) &&
    /the process "died" at batch|the crashing store: it is closed|is being read again/.test(String(fields.error))
  )
}
