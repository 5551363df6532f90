// What members may do beyond their role, as bits. The values are those of the HTTP API.

export const CAPABILITY = {
  createContext: 1,
  inviteMembers: 2,
  joinOpenSubgroups: 4,
  manageMembers: 8,
  manageApplication: 16,
  createSubgroup: 32,
  deleteSubgroup: 64,
  manageVisibility: 128,
  manageMetadata: 256,
} as const

export const ALL_CAPABILITIES = 0x1ff
/** Of a new group. */
export const DEFAULT_CAPABILITIES: number = CAPABILITY.joinOpenSubgroups
