import { groupIdField } from '../fields.ts'
import { FLEET_JOIN_TIMEOUT_MS } from '../limits.ts'
import { requestStep } from '../request-step.ts'

export const teeFleetJoin = requestStep({
  kind: 'tee_fleet_join',
  summary: 'Let a node with a trusted environment join a group by attestation.',
  fields: { group_id: groupIdField },
  route: 'POST /tee/fleet-join',
  attempted: 'joining by attestation',
  body: ({ group_id }) => ({ groupId: group_id }),
  timeoutMs: FLEET_JOIN_TIMEOUT_MS,
  outputs: [
    { name: 'public_key', description: "The node's key." },
    { name: 'account', description: "The node's account id." },
    { name: 'admitted', description: 'Whether it is a member now.' },
    { name: 'status', description: 'What the node says.' },
    { name: 'group_id', description: 'The group.' },
    { name: 'namespace_id', description: 'Its namespace.' },
    { name: 'auto_follow_enabled', description: 'Whether it follows new contexts.' },
    { name: 'contexts_joined', description: 'Contexts it has joined.' },
  ],
})
