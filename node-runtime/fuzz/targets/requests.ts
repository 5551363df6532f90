// What guests, clients and joiners hand over beside calls: actions of proposals, faults.
import { isDeepStrictEqual } from 'node:util'
import { type Bytes, u32be, utf8 } from '../../src/base/bytes.ts'
import { idFromBytes, type OpId, type ProposalId } from '../../src/base/ids.ts'
import { PROPOSED_VALUES_MAX } from '../../src/governance/limits.ts'
import { executed, NO_PROPOSALS, readActions, roomLeft, writeActions } from '../../src/governance/proposals.ts'
import { bodyOf, faultOf } from '../../src/server/routes/fault-body.ts'
import { readFaults } from '../../src/server/routes/fault-shapes.ts'
import { alice } from '../../src/wire/messages.fixture.ts'
import { Rejected, type Target } from '../target.ts'

const op = idFromBytes<OpId>(new Uint8Array(32).fill(1))
const other = idFromBytes<OpId>(new Uint8Array(32).fill(2))
const proposalId = idFromBytes<ProposalId>(new Uint8Array(32).fill(7))
/** Room for one more. */
const FULL = Array.from({ length: PROPOSED_VALUES_MAX - 1 }, (_, at) => ({ key: u32be(at), value: utf8('v') }))

const actions = writeActions([
  { kind: 'ExternalFunctionCall', receiver: 'a.example', method: 'pay', args: '{}', deposit: 10n },
  { kind: 'Transfer', receiver: 'b.example', amount: 2n ** 100n },
  { kind: 'SetNumApprovals', count: 2 },
  { kind: 'SetActiveProposalsLimit', count: 5 },
  { kind: 'SetContextValue', key: utf8('owner'), value: utf8('ada') },
  { kind: 'DeleteProposal', id: proposalId },
])

const actionsTarget: Target = {
  name: 'proposal-actions',
  decoders: ['governance/proposals.ts#readActions'],
  codes: ['no actions'],
  format: 'binary',
  seeds: [actions],
  run(input) {
    const read = readActions(input)
    if (read === undefined) throw new Rejected('no actions')
    const proposal = { op, id: proposalId, author: alice.publicKey, actions: input, madeHlc: 1n, approvals: [] }
    const others = [proposal, { ...proposal, op: other }]
    const after = executed({ ...NO_PROPOSALS, active: others, values: FULL }, proposal, other)
    if (roomLeft(after.values, []) < 0) throw new Error('more values are set than there is room for')
    if (after.active.includes(proposal)) throw new Error('what was done is still waiting')
    return writeActions(read)
  },
}

const faults: Bytes = utf8(
  JSON.stringify([
    { id: 'a', peers: ['12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2'], direction: 'in', blocked: true },
    { id: 'd', message: { action: 'hold', kinds: ['delta'], channel: 'gossip', count: 1 } },
    { id: 'b', disk: 'full' },
    { id: 'c', clockOffsetMs: -1000 },
  ]),
)
/** Of two kinds at once. */
const both: Bytes = utf8(JSON.stringify([{ disk: 'full', clockOffsetMs: 1 }]))

const faultsTarget: Target = {
  name: 'faults',
  decoders: ['server/routes/fault-shapes.ts#readFaults'],
  codes: ['BAD_REQUEST'],
  format: 'text',
  seeds: [faults, both, utf8('[]'), utf8('[{}]')],
  run(input) {
    for (const body of readFaults(Buffer.from(input).toString('latin1'))) {
      const fault = faultOf(body)
      if (!isDeepStrictEqual(faultOf(bodyOf(fault)), fault)) throw new Error('a fault that is shown is another one')
    }
    return undefined
  },
}

export const requestTargets: readonly Target[] = [actionsTarget, faultsTarget]
