// What merod logs and workflows look for, and these nodes never log: why, and what to look at instead. A search for one of
// them is no evidence of anything here, and the steps say so.

interface ForeignTopic {
  /** What merod says by these words. */
  readonly about: string
  readonly instead: string
  readonly wordings: readonly string[]
}

export const FOREIGN_TOPICS: readonly ForeignTopic[] = [
  {
    about: 'a migration',
    instead: 'check it with assert_migration_complete, or by what the application answers',
    wordings: [
      'identity downgrade forbidden',
      'migration heartbeat cached',
      'Dropping state delta — HLC fence: stale schema after cascade migration',
    ],
  },
  {
    about: 'a direct connection in place of one through a relay',
    instead: 'assert_api_response on /admin-api/peers shows who is connected',
    wordings: ['direct-connection upgrade succeeded'],
  },
  {
    about: 'its routing table',
    instead: 'assert_api_response on /admin-api/peers shows who is connected',
    wordings: ['RoutingUpdated'],
  },
  {
    about: 'the public boot node',
    instead: 'a run never meets the public network, so leave this out',
    wordings: ['12D3KooWR5V4zmisVtVdGE6i8jfFwtgRNq5t8eDGxfckKuhXu7Eh'],
  },
  {
    about: 'the devices of an account',
    instead: 'check it with node_identity',
    wordings: ['account device unlinked'],
  },
  {
    about: 'its own way to receive state',
    instead: 'wait_for_sync says what a node lacks',
    wordings: [
      'context not materialised within join race window',
      'inbound stream for unknown context',
      'no owned identities found for context',
      'Not all bytes read',
    ],
  },
  {
    about: 'storage that one member owns',
    instead: 'check what the application answers',
    wordings: ['Cannot change owner of User storage'],
  },
]

/** A shorter part of a wording says too little to be told by it. */
const PART_MIN_CHARS = 8

/** Undefined: the pattern may well be in a log of these nodes. `matches` is how the step looks for the pattern. */
export function whyForeign(pattern: string, matches: (text: string) => boolean): string | undefined {
  if (pattern.length < PART_MIN_CHARS) return undefined
  const topic = FOREIGN_TOPICS.find(({ wordings }) =>
    wordings.some((wording) => pattern.includes(wording) || matches(wording)),
  )
  return topic && `merod's words about ${topic.about}, which these nodes never log: ${topic.instead}`
}
