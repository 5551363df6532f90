// Roles in the spellings that files use, and as nodes take them.
import { Type } from '@calbox/schemas'

const ROLES: ReadonlyMap<string, string> = new Map([
  ['admin', 'Admin'],
  ['member', 'Member'],
  ['readonly', 'ReadOnly'],
  ['read-only', 'ReadOnly'],
  ['read_only', 'ReadOnly'],
])

export const roleField = Type.Union(
  ['Admin', 'Member', 'ReadOnly', ...ROLES.keys()].map((role) => Type.Literal(role)),
  { description: 'Admin, Member or ReadOnly.' },
)

export function roleOf(text: string): string {
  return ROLES.get(text.toLowerCase()) ?? text
}

/** Of members that are added: what is no other role is Member. */
export function roleOfNew(text: string): string {
  return ROLES.get(text.toLowerCase()) ?? 'Member'
}
