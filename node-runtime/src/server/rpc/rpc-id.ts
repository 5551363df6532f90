// Ids of requests, as the reference node reads them: a text, a u64, or null. One beyond 2^53 is kept as it was written.

const U64_MAX = 2n ** 64n - 1n

export function isRpcId(id: unknown): boolean {
  if (id === null || typeof id === 'string') return true
  if (typeof id === 'number') return Number.isSafeInteger(id) && id >= 0
  return JSON.isRawJSON(id) && /^\d{1,20}$/.test(id.rawJSON) && BigInt(id.rawJSON) <= U64_MAX
}
