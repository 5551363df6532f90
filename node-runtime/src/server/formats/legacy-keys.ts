// Names that fields had for clients of before, beside those of today: only where a request asks for them, because clients of
// today refuse answers with fields they do not know.

/** Asks for them: `x-calbox-legacy: 1`. */
export const LEGACY_HEADER = 'x-calbox-legacy'

const RENAMED: Readonly<Record<string, string>> = {
  contextStateHash: 'rootHash',
  name: 'alias',
  subgroupVisibility: 'defaultVisibility',
}

/** Lists and objects deeper than that are values of applications, not ours. */
const DEPTH_MAX = 5

/** `selfIdentity`: the account of this node, in lists of members. */
export function withLegacyKeys(answer: unknown, selfIdentity: string, depth = 0): unknown {
  if (typeof answer !== 'object' || answer === null || depth > DEPTH_MAX) return answer
  // A number beyond 2^53: a copy would be an object.
  if (JSON.isRawJSON(answer)) return answer
  if (Array.isArray(answer)) return answer.map((each) => withLegacyKeys(each, selfIdentity, depth + 1))
  const fields: [string, unknown][] = []
  for (const [name, value] of Object.entries(answer)) {
    const legacy = RENAMED[name]
    const shown = withLegacyKeys(value, selfIdentity, depth + 1)
    fields.push([name, shown])
    if (legacy !== undefined && typeof value === 'string') fields.push([legacy, shown])
    if (name === 'members' && depth === 0) fields.push(['data', shown], ['selfIdentity', selfIdentity])
  }
  return Object.fromEntries(fields)
}
