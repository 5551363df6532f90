// Pure: rules about the connections of a node as what nft and tc take. Everything of it is in the network namespace of the
// container, and ends with it. HTTP passes whatever is wrong.
import type { LinkRule } from '../../kernel-links.ts'
import { CONTAINER_RPC_PORT } from '../image/image-archive.ts'

/** True, or in the words of a tool why not. */
export type Ability = true | string

/** What the kernel of the engine's machine has, and the tools that ask for it. */
export interface KernelAbilities {
  /** nft: drop. */
  readonly filter: Ability
  /** nft: some of the packets. */
  readonly chance: Ability
  readonly reset: Ability
  /** tc: htb. */
  readonly rate: Ability
  /** tc: netem, in a class of htb. */
  readonly netem: Ability
}

export interface LinkScript {
  /** Replaces all that was there before, at once. */
  readonly nft: string
  /** Lines of `tc -batch` for one device, called DEV; none: no queue of ours. */
  readonly tc: readonly string[]
}

/** One direction to or from one other node, or all the rest. */
interface Effect {
  readonly blocked: boolean
  readonly lossPercent: number
  readonly resetPercent: number
  readonly delayMs: number
  readonly jitterMs: number
  readonly bytesPerSecond: number | undefined
}

const TABLE = 'inet calbox'
/** Where no bandwidth is asked for: more than a machine passes to itself. */
const NO_LIMIT = '40gbit'
/** Packets that netem holds; what comes beyond is lost, which nobody has asked for. */
const NETEM_PACKETS = 100_000
/** `numgen` draws below this. */
const CHANCE = 1_000_000

export const CLEAR_SCRIPT: LinkScript = { nft: `table ${TABLE}\ndelete table ${TABLE}\n`, tc: [] }

/** `addressesOf` a node that does not run is empty: there is nothing to meet. */
export function linkScript(
  rules: readonly LinkRule[],
  addressesOf: (node: string) => readonly string[],
  { netem }: Pick<KernelAbilities, 'netem'>,
): LinkScript {
  const hasNetem = netem === true
  const named = [...new Set(rules.flatMap(({ peers }) => peers ?? []))].toSorted()
  const chains: Record<'in' | 'out', string[]> = { in: [], out: [] }
  const tc: string[] = []
  for (const peer of [...named, undefined]) {
    for (const direction of ['in', 'out'] as const) {
      const effect = effectOf(rules, direction, peer)
      const shape = direction === 'out' ? shapeOf(effect, hasNetem) : undefined
      const verdicts = verdictsOf(effect, hasNetem && direction === 'out')
      if (shape) {
        const minor = tc.length + 1
        tc.push(...shape(minor))
        verdicts.push(`meta priority set 1:${minor.toString(16)}`)
      }
      // What was said of this one node is all that is said of it.
      verdicts.push('accept')
      const matches = peer === undefined ? [''] : matchesOf(addressesOf(peer), direction === 'in' ? 'saddr' : 'daddr')
      for (const match of matches) chains[direction].push(...verdicts.map((verdict) => `${match}${verdict}`))
    }
  }
  const nft = [
    `table ${TABLE}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    ...chainText('in', 'input', ['iifname "lo" accept', `tcp dport ${CONTAINER_RPC_PORT} accept`, ...chains.in]),
    ...chainText('out', 'output', ['oifname "lo" accept', `tcp sport ${CONTAINER_RPC_PORT} accept`, ...chains.out]),
    '}',
  ]
  const root = tc.length === 0 ? [] : ['qdisc add dev DEV root handle 1: htb']
  return { nft: `${nft.join('\n')}\n`, tc: [...root, ...tc] }
}

/** Why these rules cannot be made with that; undefined where they can. */
export function refusalOf(rule: LinkRule, abilities: KernelAbilities): string | undefined {
  const isLate = (rule.delayMs ?? 0) > 0 || (rule.jitterMs ?? 0) > 0
  const isSlow = rule.bytesPerSecond !== undefined
  const { filter, chance, reset, rate, netem } = abilities
  if (filter !== true) return `no packet filter (${filter})`
  if (rule.direction !== 'out' && (isLate || isSlow)) return 'the kernel delays and slows only what a node sends'
  if (isLate && netem !== true) return `the kernel of the engine has no netem (${netem})`
  if (isSlow && rate !== true) return `the kernel of the engine has no htb (${rate})`
  if (needsChance(rule, netem === true) && chance !== true) return `nft draws no random numbers (${chance})`
  if (rule.resetPercent !== undefined && reset !== true) return `nft resets no connections (${reset})`
  return undefined
}

function needsChance({ lossPercent, resetPercent, direction }: LinkRule, hasNetem: boolean): boolean {
  return (resetPercent ?? 100) < 100 || (lossPercent !== undefined && !(hasNetem && direction === 'out'))
}

function effectOf(rules: readonly LinkRule[], direction: 'in' | 'out', peer: string | undefined): Effect {
  const met = rules.filter(
    (rule) =>
      (rule.direction === 'both' || rule.direction === direction) &&
      (rule.peers === undefined || (peer !== undefined && rule.peers.includes(peer))),
  )
  const sum = (of: (rule: LinkRule) => number | undefined) => met.reduce((total, rule) => total + (of(rule) ?? 0), 0)
  const either = (of: (rule: LinkRule) => number | undefined) =>
    100 - met.reduce((passes, rule) => (passes * (100 - (of(rule) ?? 0))) / 100, 100)
  const rates = met.flatMap(({ bytesPerSecond }) => bytesPerSecond ?? [])
  return {
    blocked: met.some(({ blocked }) => blocked === true),
    lossPercent: either(({ lossPercent }) => lossPercent),
    resetPercent: either(({ resetPercent }) => resetPercent),
    delayMs: sum(({ delayMs }) => delayMs),
    jitterMs: sum(({ jitterMs }) => jitterMs),
    bytesPerSecond: rates.length === 0 ? undefined : Math.min(...rates),
  }
}

function verdictsOf({ blocked, lossPercent, resetPercent }: Effect, lossIsShaped: boolean): string[] {
  if (blocked) return ['counter drop']
  const verdicts: string[] = []
  if (resetPercent > 0) verdicts.push(`meta l4proto tcp ${chanceOf(resetPercent)}counter reject with tcp reset`)
  if (lossPercent > 0 && !lossIsShaped) verdicts.push(`${chanceOf(lossPercent)}counter drop`)
  return verdicts
}

function chanceOf(percent: number): string {
  return percent >= 100 ? '' : `numgen random mod ${CHANCE} < ${Math.max(1, Math.round((percent * CHANCE) / 100))} `
}

/** A class of htb, and netem in it; undefined where nothing is to be queued. */
function shapeOf(effect: Effect, hasNetem: boolean): ((minor: number) => string[]) | undefined {
  const { blocked, lossPercent, delayMs, jitterMs, bytesPerSecond } = effect
  const isLate = delayMs + jitterMs > 0
  const isLossy = lossPercent > 0 && hasNetem
  if (blocked || (!isLate && !isLossy && bytesPerSecond === undefined)) return undefined
  return (minor) => {
    const id = minor.toString(16)
    const rate = bytesPerSecond === undefined ? NO_LIMIT : `${bytesPerSecond * 8}bit`
    const half = jitterMs / 2
    // Around its middle: netem adds and takes away.
    const delay = isLate ? ` delay ${delayMs + half}ms${half > 0 ? ` ${half}ms` : ''}` : ''
    const loss = isLossy ? ` loss ${lossPercent}%` : ''
    const netem = `qdisc add dev DEV parent 1:${id} handle ${(minor + 0x100).toString(16)}: netem limit ${NETEM_PACKETS}${delay}${loss}`
    return [`class add dev DEV parent 1: classid 1:${id} htb rate ${rate}`, ...(delay + loss === '' ? [] : [netem])]
  }
}

function matchesOf(addresses: readonly string[], field: 'saddr' | 'daddr'): string[] {
  return addresses.map((address) => `${address.includes(':') ? 'ip6' : 'ip'} ${field} ${address} `)
}

function chainText(name: string, hook: string, rules: readonly string[]): string[] {
  const head = `    type filter hook ${hook} priority 0; policy accept;`
  return [`  chain ${name} {`, head, ...rules.map((rule) => `    ${rule}`), '  }']
}
