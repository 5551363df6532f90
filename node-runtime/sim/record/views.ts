// What the views of an application are asked at the end of a run.
import { toHex } from '../../src/base/bytes.ts'
import { idBytes } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import { everyone } from '../scenario/generate.ts'
import { SHARED, writesIn } from '../scenario/operations.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Attempt } from './history.ts'

/** What it is kept under, the method, its arguments. */
type View = readonly [string, string, object]

const KEYS_OF_ORDER_SENSITIVE = 8
export const SHARED_NAMES: readonly string[] = Array.from({ length: SHARED }, (_, index) => String(index))
/** As `init` of `collections` fills them. */
export const FIRST_FROZEN: readonly string[] = Array.from({ length: 960 }, (_, index) => `old ${index}`)
export const FIRST_RANKS: readonly string[] = Array.from({ length: 32 }, (_, index) => `r${index}`)

/** `attempts`: what is frozen is looked for by its value. */
export function viewsOf(scenario: Scenario, attempts: readonly Attempt[]): View[] {
  switch (scenario.app) {
    case 'mixed':
      return plain('all_items', 'all_tags', 'get_title', 'get_note', 'hit_count', 'heard_count', 'all_heard')
    case 'collections': {
      const writes = attempts.flatMap(({ operation }) => writesIn(operation))
      const frozen = writes.flatMap(({ method, args }) => (method === 'freeze' ? [args.value ?? ''] : []))
      return [
        ...plain('list_values', 'page_text', 'get_balance', 'visit_count', 'poke_count'),
        ...plain('all_claims', 'all_signed', 'all_ranks'),
        ...SHARED_NAMES.map((name): View => [`get_shared ${name}`, 'get_shared', { name }]),
        ...everyone(scenario).map((name): View => [`kept_by ${name}`, 'kept_by', { account: accountHex(name) }]),
        ['are_frozen', 'are_frozen', { values: [...FIRST_FROZEN, ...frozen].join('\n') }],
      ]
    }
    case 'order-sensitive': {
      const keys = Array.from({ length: KEYS_OF_ORDER_SENSITIVE }, (_, index) => `k${index}`)
      return [...plain('log'), ...keys.map((key): View => [`get ${key}`, 'get', { key }])]
    }
  }
}

function plain(...methods: readonly string[]): View[] {
  return methods.map((method): View => [method, method, {}])
}

/** As guests see it. */
export function accountHex(name: string): string {
  return toHex(idBytes(accountOf(keysOf(name).identity.publicKey)))
}
