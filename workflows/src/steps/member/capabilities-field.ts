import { Type } from '@calbox/schemas'

export const capabilitiesField = Type.Integer({
  minimum: 0,
  maximum: 2 ** 32 - 1,
  description:
    'Sum of bits: 1 create contexts, 2 invite, 4 join open subgroups, 8 manage members, 16 manage the application, ' +
    '32 create subgroups, 64 delete subgroups, 128 manage visibility, 256 manage metadata.',
})
