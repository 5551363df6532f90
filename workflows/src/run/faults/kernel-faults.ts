// Which faults of connections the kernel makes, and which the nodes themselves: rules as nodes take them, with the ids of
// peers, as rules about nodes by their names.
import type { KernelLinks, LinkRule } from '../../driver/kernel-links.ts'
import type { JsonObject, JsonValue } from '../../values/json/json-value.ts'

type Options = { readonly signal: AbortSignal }
export type KernelNote = (level: 'info' | 'warning', message: string) => void
type Rules = ReadonlyMap<string, ReadonlyMap<string, JsonObject>>

const NUMBERS = ['delayMs', 'jitterMs', 'lossPercent', 'bytesPerSecond', 'resetPercent'] as const
const DIRECTIONS = ['in', 'out', 'both'] as const
const OPPOSITE = { in: 'out', out: 'in', both: 'both' } as const

export class KernelFaults {
  readonly #links: KernelLinks
  /** Ids by which nodes know each other, by their names. */
  readonly #peerIds: ReadonlyMap<string, string>
  readonly #note: KernelNote
  /** Ids of faults by node. */
  readonly #made = new Map<string, Set<string>>()
  readonly #noted = new Set<string>()

  constructor(links: KernelLinks, peerIds: ReadonlyMap<string, string>, note: KernelNote) {
    this.#links = links
    this.#peerIds = peerIds
    this.#note = note
  }

  makes(node: string, id: string): boolean {
    return this.#made.get(node)?.has(id) === true
  }

  /** False: the node is to make it itself. Why is noted, once. */
  async accepts(node: { readonly name: string }, rule: JsonObject, options: Options): Promise<boolean> {
    if (!DIRECTIONS.some((each) => each === rule.direction)) return false
    const link = this.#linkRule(rule)
    const refusal =
      link === undefined
        ? `it is of peers of ${node.name} that are no nodes of this run`
        : await this.#links.refusal(link, options)
    const what = [...NUMBERS, 'blocked'].filter((key) => rule[key] !== undefined).join(', ')
    if (refusal === undefined) {
      this.#noteOnce('info', `faults of connections (${what}) are made in the kernel, by nft and tc`)
      return true
    }
    this.#noteOnce('warning', `faults of connections (${what}) are made by the nodes, not in the kernel: ${refusal}`)
    return false
  }

  async put(node: string, id: string, rule: JsonObject, options: Options): Promise<void> {
    const link = this.#linkRule(rule)
    if (link === undefined) throw new Error(`assertion failed: ${id} was accepted`)
    const ofNode = this.#made.get(node) ?? new Set<string>()
    // First: it may have come about though it failed, and is to be taken off there.
    this.#made.set(node, ofNode.add(id))
    await this.#links.put(node, id, link, options)
  }

  async take(node: string, id: string, options: Options): Promise<void> {
    await this.#links.take(node, id, options)
    this.#made.get(node)?.delete(id)
  }

  /**
   * What other nodes have against this one. It starts with new addresses, which they do not know for a moment: so long the
   * node keeps away from them itself.
   */
  cutsOffFrom(name: string, rules: Rules): JsonObject[] {
    const own = this.#peerIds.get(name)
    const cuts: JsonObject[] = []
    for (const [other, ids] of this.#made) {
      const peer = this.#peerIds.get(other)
      if (other === name || peer === undefined || own === undefined) continue
      for (const id of ids) {
        const rule = rules.get(other)?.get(id)
        const direction = DIRECTIONS.find((each) => each === rule?.direction)
        if (rule?.blocked !== true || direction === undefined || !isNaming(rule.peers, own)) continue
        const opposite = OPPOSITE[direction]
        cuts.push({
          id: `until ${other} knows ${name} again, ${opposite}`,
          direction: opposite,
          blocked: true,
          peers: [peer],
        })
      }
    }
    return [...new Map(cuts.map((cut) => [cut.id, cut])).values()]
  }

  #linkRule(rule: JsonObject): LinkRule | undefined {
    const direction = DIRECTIONS.find((each) => each === rule.direction)
    if (direction === undefined) return undefined
    const numbers = NUMBERS.flatMap((key) => (typeof rule[key] === 'number' ? [[key, rule[key]]] : []))
    const link: LinkRule = {
      direction,
      ...(rule.blocked === true && { blocked: true }),
      ...Object.fromEntries(numbers),
    }
    if (rule.peers === undefined) return link
    const names = new Map([...this.#peerIds].map(([name, peer]) => [peer, name]))
    const peers = (Array.isArray(rule.peers) ? rule.peers : []).map((peer) => names.get(String(peer)))
    const known = peers.filter((name) => name !== undefined)
    return known.length < peers.length ? undefined : { ...link, peers: known }
  }

  #noteOnce(level: 'info' | 'warning', message: string): void {
    if (this.#noted.has(message)) return
    this.#noted.add(message)
    this.#note(level, message)
  }
}

function isNaming(peers: JsonValue | undefined, peer: string): boolean {
  return Array.isArray(peers) && peers.includes(peer)
}
