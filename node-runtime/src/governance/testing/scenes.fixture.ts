// Where several tests of the rules begin.
import type { GroupId } from '../../base/ids.ts'
import type { OpBody } from '../../base/operations.ts'
import { Story } from './story.fixture.ts'
import {
  added,
  alice,
  bob,
  carol,
  contextBy,
  contexted,
  dave,
  groupBy,
  grouped,
  idOf,
  joined,
  namespaceId,
} from './world.fixture.ts'

/** Groups of alice in `tree`. */
export const [a, b, c] = [groupBy(alice, 'a'), groupBy(alice, 'b'), groupBy(alice, 'c')] as const

/** Alice's groups a, b beneath the namespace, c beneath a, all open; bob is a member of the namespace. */
export const tree = (): Story =>
  new Story(
    [bob, joined(bob, alice)],
    [alice, grouped(alice, 'a', 'open')],
    [alice, grouped(alice, 'b', 'open')],
    [alice, grouped(alice, 'c', 'open', a)],
  )

/** Of bob, in `closedGroup`. */
export const closed = groupBy(bob, 'closed')
export const closedContext = contextBy(bob, 'c')

/** A context of bob, carol and dave in a group that alice, who owns the namespace, is not in. */
export const closedGroup = (): Story =>
  new Story(
    [bob, joined(bob, alice, { role: 'Admin' })],
    [carol, joined(carol, alice)],
    [dave, joined(dave, alice)],
    [bob, grouped(bob, 'closed', 'restricted')],
    [bob, added(carol, 'Member', closed)],
    [bob, added(dave, 'Member', closed)],
    [bob, contexted(bob, 'c', closed)],
  )

/** A key that covers what the story has seen. */
export const rotated = (story: Story, label: string, groupId: GroupId = namespaceId): OpBody => ({
  kind: 'key_rotated',
  groupId,
  keyId: idOf(label),
  covers: story.state.removalsDigest(groupId),
})
