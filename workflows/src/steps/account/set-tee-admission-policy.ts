import { Type } from '@calbox/schemas'
import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

/** The measurement of a mock attestation. */
const MOCK_MRTD = '0'.repeat(96)

const allowed = (what: string) =>
  Type.Optional(Type.Array(Type.String(), { description: `${what} that are let in; none: any.` }))

export const setTeeAdmissionPolicy = requestStep({
  kind: 'set_tee_admission_policy',
  summary: 'Say which attested nodes a group lets in.',
  fields: {
    group_id: groupIdField,
    accept_mock: Type.Optional(Type.Boolean({ default: true, description: 'Also mock attestations.' })),
    allowed_mrtd: Type.Optional(
      Type.Array(Type.String(), { description: 'Measurements that are let in; default that of a mock.' }),
    ),
    allowed_rtmr0: allowed('Registers 0'),
    allowed_rtmr1: allowed('Registers 1'),
    allowed_rtmr2: allowed('Registers 2'),
    allowed_rtmr3: allowed('Registers 3'),
    allowed_tcb_statuses: allowed('States of the platform'),
  },
  route: 'PUT /groups/:group_id/settings/tee-admission-policy',
  attempted: 'setting the admission policy',
  body: (given) => ({
    allowedMrtd: given.allowed_mrtd ?? [MOCK_MRTD],
    allowedRtmr0: given.allowed_rtmr0 ?? [],
    allowedRtmr1: given.allowed_rtmr1 ?? [],
    allowedRtmr2: given.allowed_rtmr2 ?? [],
    allowedRtmr3: given.allowed_rtmr3 ?? [],
    allowedTcbStatuses: given.allowed_tcb_statuses ?? [],
    acceptMock: given.accept_mock ?? true,
  }),
  outputsAreExtra: true,
})
