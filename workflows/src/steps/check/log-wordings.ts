// The one table between what our nodes log and the wording that workflows written for merod look for.
//
// Most wordings that such files pin need no entry, because the nodes log them word for word: PRINTED_AS_IS. The others
// stand for events that these nodes do not have or log otherwise: foreign-wordings.ts. Nor are those mapped that only sound
// alike: a peer that asks for a context whose state is not here yet is answered so and asks again, which is neither of
// merod's "inbound stream for unknown context" and "context not materialised within join race window".

/** Logged by the nodes in these words; each means what it means there. */
export const PRINTED_AS_IS = [
  'Announced blob',
  'Blob exceeds maximum allowed size',
  'Blob not found on peer',
  'Processing blob request stream',
  'Skipping announce: node is not a member of the requested context',
] as const

interface Wording {
  /** Constant message of our line, or what a line that is no record looks like. */
  readonly ours: string | RegExp
  readonly theirs: string
}

export const WORDINGS: readonly Wording[] = [
  { ours: 'an artifact is malformed: it has no effect', theirs: 'failed to deserialize' },
  // What ends the process because of a defect: an error that nobody caught, on the way up (ours) or later (the platform's).
  { ours: /^calnode: \w*Error\b/, theirs: "FATAL: thread 'main' panicked at calnode" },
  { ours: /^Node\.js v\d+\.\d+\.\d+$/, theirs: "FATAL: thread 'main' panicked at calnode" },
]

/** How merod would have said it: nothing for most lines. */
export function wordingsOf(line: string, record: Readonly<Record<string, unknown>> | undefined): string[] {
  const said = WORDINGS.filter(({ ours }) => (ours instanceof RegExp ? ours.test(line) : record?.msg === ours))
  return said.map(({ theirs }) => theirs)
}
