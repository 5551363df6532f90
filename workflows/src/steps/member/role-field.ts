// Roles in the spellings that files use, and as nodes take them.
import { Type } from '@calbox/schemas'

const ROLES: Readonly<Record<string, string>> = {
  admin: 'Admin',
  member: 'Member',
  readonly: 'ReadOnly',
  'read-only': 'ReadOnly',
  read_only: 'ReadOnly',
}

export const roleField = Type.Union(
  ['Admin', 'Member', 'ReadOnly', ...Object.keys(ROLES)].map((role) => Type.Literal(role)),
  { description: 'Admin, Member or ReadOnly.' },
)

export function roleOf(text: string): string {
  return ROLES[text.toLowerCase()] ?? text
}

/** Of members that are added: what is no other role is Member. */
export function roleOfNew(text: string): string {
  const role = ROLES[text.toLowerCase()]
  return role ?? 'Member'
}
