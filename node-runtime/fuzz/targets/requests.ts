// What guests, clients and joiners hand over beside calls: actions of proposals, faults.
import { type Bytes, utf8 } from '../../src/base/bytes.ts'
import { idFromBytes, type ProposalId } from '../../src/base/ids.ts'
import { readActions, writeActions } from '../../src/governance/proposals.ts'
import { readFaults } from '../../src/server/routes/fault-shapes.ts'
import { Rejected, type Target } from '../target.ts'

const actions = writeActions([
  { kind: 'ExternalFunctionCall', receiver: 'a.example', method: 'pay', args: '{}', deposit: 10n },
  { kind: 'Transfer', receiver: 'b.example', amount: 2n ** 100n },
  { kind: 'SetNumApprovals', count: 2 },
  { kind: 'SetActiveProposalsLimit', count: 5 },
  { kind: 'SetContextValue', key: utf8('owner'), value: utf8('ada') },
  { kind: 'DeleteProposal', id: idFromBytes<ProposalId>(new Uint8Array(32).fill(7)) },
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

const faultsTarget: Target = {
  name: 'faults',
  decoders: ['server/routes/fault-shapes.ts#readFaults'],
  codes: ['BAD_REQUEST'],
  format: 'text',
  seeds: [faults, utf8('[]')],
  run(input) {
    readFaults(Buffer.from(input).toString('latin1'))
    return undefined
  },
}

export const requestTargets: readonly Target[] = [actionsTarget, faultsTarget]
