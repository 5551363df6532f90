// Metadata records of groups, members and contexts: a name and texts by key.
import { Type } from '@calbox/schemas'
import type { GivenFields } from '../request-step.ts'

export const metadataFields = {
  record_name: Type.Optional(Type.String({ description: 'Name in the record.' })),
  data: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Texts by key.' })),
}

export function metadataBody({ record_name, data }: GivenFields) {
  return { name: record_name, data: data ?? {} }
}

export const metadataOutputs = [
  { name: 'name', description: 'Name in the record.' },
  { name: 'data', description: 'The texts by key.' },
  { name: 'data.topic', description: 'One of them.' },
  { name: 'updatedAt', description: 'When it was written.' },
  { name: 'updatedBy', description: 'By whom.' },
]
