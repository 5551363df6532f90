import { expect, test } from 'vitest'
import type { Logger } from '../../base/log.ts'
import { admitted, letsIn } from '../../governance/testing/fleet.fixture.ts'
import { Story } from '../../governance/testing/story.fixture.ts'
import { alice, bob, eve, grouped, joined } from '../../governance/testing/world.fixture.ts'
import { logAttested } from './attested-groups.ts'

/** What is logged of the operations of a story, all at once. */
function linesOf(story: Story): string[] {
  const lines: string[] = []
  const keep = (_fields: object, message: string) => lines.push(message)
  const log: Logger = { debug: keep, info: keep, warn: keep, error: keep, child: () => log }
  logAttested(story.ops, story.state, log)
  return lines
}

test('of a new group it is logged how attested members read it, in words that workflows look for', () => {
  const story = new Story([alice, letsIn()], [alice, admitted(eve)])
  expect(linesOf(story)).toEqual([])
  story.does(alice, grouped(alice, 'open', 'open')).does(alice, grouped(alice, 'closed', 'restricted'))
  expect(linesOf(story)).toEqual([
    'tee-subgroup-admit: skip — Open subgroup (TEE reads via inheritance)',
    'tee-subgroup-admit: a closed group, read by the row in the namespace',
  ])
})

test('where nobody has come by attestation nothing is logged', () => {
  expect(linesOf(new Story([bob, joined(bob, alice)], [alice, grouped(alice, 'open', 'open')]))).toEqual([])
})
