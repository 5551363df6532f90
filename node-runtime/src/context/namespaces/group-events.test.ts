// What is told of proposals, whatever order their approvals arrive in.
import { expect, test } from 'vitest'
import type { OpBody, Operation } from '../../base/operations.ts'
import type { Governance } from '../../governance/governance.ts'
import { admitted, letsIn, letsNobodyIn, otherFirmware } from '../../governance/testing/fleet.fixture.ts'
import {
  alice,
  approved,
  bob,
  carol,
  contextBy,
  contexted,
  genesis,
  joined,
  nodeWith,
  operation,
  type Person,
  proposed,
} from '../../governance/testing/world.fixture.ts'
import { groupEventsOf } from './group-events.ts'

const contextId = contextBy(alice, 'c')

/** Alice, bob and carol write; bob has proposed, and the others approve at once. */
function scene() {
  const line = [genesis]
  const next = (by: Person, body: OpBody) => {
    const op = operation({ by, on: line.slice(-1), body })
    line.push(op)
    return op
  }
  next(alice, contexted(alice, 'c'))
  next(bob, joined(bob, alice))
  next(carol, joined(carol, alice))
  const made = next(bob, proposed('p', contextId))
  const approvals = [alice, carol].map((by, i) =>
    operation({ by, on: [made], body: approved(made, contextId), hlc: made.hlc + 2n - BigInt(i) }),
  )
  return { line, made, approvals }
}

const nothing = { applications: { get: () => undefined } }

function told(node: Governance, arriving: readonly (readonly Operation[])[], who = alice): string[] {
  return arriving.flatMap((ops) => {
    const before = node.state()
    for (const op of ops) node.receive(op)
    return groupEventsOf(ops, { ...nothing, before, state: node.state(), account: who.account }).map(({ type }) => type)
  })
}

test('that one was carried out is told once, whichever of two concurrent approvals comes last', () => {
  const { line, approvals } = scene()
  for (const order of [approvals, approvals.toReversed()]) {
    expect(
      told(
        nodeWith(line),
        order.map((op) => [op]),
      ),
    ).toEqual(['ProposalExecuted'])
    expect(told(nodeWith(line), [order])).toEqual(['ProposalExecuted'])
  }
})

test('what was carried out before somebody was a member is no news to it', () => {
  const { line, approvals } = scene()
  const joins = line.findIndex(({ body }) => body.kind === 'member_joined' && body.member.account === carol.account)
  expect(told(nodeWith([]), [[...line, ...approvals]], carol)).not.toContain('ProposalExecuted')
  expect(told(nodeWith(line.slice(0, joins)), [line.slice(joins), approvals], alice)).toContain('ProposalExecuted')
})

test('who is let in no more is told of once, though two policies came at once', () => {
  const node = nodeWith([genesis])
  const line = [genesis]
  for (const body of [letsIn(), admitted(bob), letsIn({ mrtds: [otherFirmware] }), letsNobodyIn]) {
    line.push(operation({ by: alice, on: line.slice(-1), body }))
  }
  expect(told(node, [line.slice(1, 3), line.slice(3)])).toEqual(['MemberJoined', 'MemberRemoved'])
})
