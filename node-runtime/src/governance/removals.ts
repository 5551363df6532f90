// Who has lost what, in one version of a state. Versions share what they have worked out: an operation costs what it changes,
// and 32 bytes for each removal where it adds one, however much of them was pinned and how many they left untouched.
import { encode as cborEncode } from '@ipld/dag-cbor'
import { type Bytes, compareBytes, concat } from '../base/bytes.ts'
import { sha256, taggedHash } from '../base/hash.ts'
import { type ContextId, type GroupId, idBytes, idFromBytes, type OpId } from '../base/ids.ts'
import { IdMap } from './id-map.ts'
import { NO_REMOVALS, type Removal, type Removed, type Word } from './namespace-state.ts'
import { headsIn, isSettled, pinsOf } from './removal-pins.ts'
import { concernsGroup, isOfKeys } from './ways.ts'

const NONE: readonly Removal[] = []

type Lists = IdMap<Removed, readonly Removal[]>

export class Removals {
  readonly #lists: Lists
  readonly #hashes: RemovalHashes
  readonly #digests = new Map<string, Bytes>()
  readonly #judgements = new Map<string, Bytes>()

  private constructor(lists: Lists, hashes: RemovalHashes) {
    this.#lists = lists
    this.#hashes = hashes
  }

  static empty(): Removals {
    const hashes = new RemovalHashes()
    return new Removals(
      IdMap.empty((list) => concat(list.map((each) => hashes.whole(each)))),
      hashes,
    )
  }

  get size(): number {
    return this.#lists.size
  }

  of(who: Removed): readonly Removal[] {
    return this.#lists.get(who) ?? NONE
  }

  set(who: Removed, list: readonly Removal[]): Removals {
    return new Removals(this.#lists.set(who, list), this.#hashes)
  }

  /** Equal iff all of it is. */
  digest(): Bytes {
    return this.#lists.digest()
  }

  /** Those that concern a context, whose group and all above it are `path`. */
  in(contextId: ContextId, path: readonly GroupId[]): readonly (readonly [Removed, Removal])[] {
    return [...this.#lists].flatMap(([who, removals]) =>
      removals
        // A group that has moved since is not beneath that one any more, and what was pinned of it is.
        .filter((removal) => concernsGroup(removal, path) || pinsOf(removal, contextId) !== undefined)
        .filter(({ how }) => !isOfKeys(how))
        .map((removal) => [who, removal] as const),
    )
  }

  /** Equal iff those that concern the context are, and what they pin there. */
  judgement(contextId: ContextId, path: readonly GroupId[]): Bytes {
    return memoized(this.#judgements, [contextId, ...path].join(), () => {
      const facts = this.in(contextId, path).map(([, removal]) => this.#hashes.of(removal, contextId))
      return facts.length === 0 ? NO_REMOVALS : taggedHash('calbox/judgement/2', ...facts.sort(compareBytes))
    })
  }

  /** Over those by which somebody may have lost a group, which `path` leads up from. */
  digestOver(path: readonly GroupId[]): Bytes {
    return memoized(this.#digests, path.join(), () => {
      const all = [...this.#lists.values()].flat().filter((removal) => concernsGroup(removal, path))
      const sorted = [...new Set(all.map(markOf))].sort().map(idBytes)
      return sorted.length === 0 ? NO_REMOVALS : taggedHash('calbox/removals/1', ...sorted)
    })
  }
}

/** An operation that is void is another thing to know of than what the same one takes where it stands. */
function markOf({ op, how }: Removal): OpId {
  return how === 'void' ? idFromBytes(taggedHash('calbox/void/1', idBytes(op))) : op
}

function memoized(known: Map<string, Bytes>, key: string, make: () => Bytes): Bytes {
  const made = known.get(key) ?? make()
  known.set(key, made)
  return made
}

/** Each is taken once, whatever versions the removal is in. */
class RemovalHashes {
  readonly #wholes = new WeakMap<Removal, Bytes>()
  readonly #words = new WeakMap<Word, Bytes>()
  readonly #heads = new WeakMap<readonly string[], Bytes>()
  readonly #facts = new WeakMap<Removal, Map<ContextId, Bytes>>()

  whole(removal: Removal): Bytes {
    return kept(this.#wholes, removal, () => {
      const { said = [], witnessed: _all, ...plain } = removal
      const words = said.map((word) => kept(this.#words, word, () => hashOf(word)))
      return hashOf([plain, words])
    })
  }

  /** What decides which deltas of a context count. */
  of(removal: Removal, contextId: ContextId): Bytes {
    const known = this.#facts.get(removal) ?? new Map<ContextId, Bytes>()
    this.#facts.set(removal, known)
    return memoized(known, contextId, () => {
      const { op, pinned, said = [], kept: untouched = null } = removal
      const heads = (list: readonly string[]) => kept(this.#heads, list, () => hashOf(list))
      const own = pinned?.[contextId]
      const words = said.filter((word) => word.pinned[contextId] !== undefined && !isSettled(removal, contextId))
      const facts = words.map((word) => [word.by, heads(headsIn(word, contextId))])
      const isHeard = isSettled(removal, contextId) || facts.length > 0
      return hashOf([op, own !== undefined && isHeard ? heads(own) : null, facts, untouched && heads(untouched)])
    })
  }
}

function kept<K extends object>(known: WeakMap<K, Bytes>, key: K, make: () => Bytes): Bytes {
  const made = known.get(key) ?? make()
  known.set(key, made)
  return made
}

function hashOf(value: unknown): Bytes {
  return sha256(cborEncode(value))
}
