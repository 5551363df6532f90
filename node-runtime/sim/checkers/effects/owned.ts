// What belongs to somebody: a key and a storage to who claimed it first, a value to its account. What the others wrote there shows
// nowhere, and what the owner wrote is a cell.
import { accountHex, SHARED_NAMES } from '../../record/views.ts'
import { everyone } from '../../scenario/generate.ts'
import { HOSTILE } from '../../scenario/scenario.ts'
import { type Called, cellOf } from './called.ts'
import { judge, type Written } from './cells.ts'

/** Stamps within a call are above that of its delta, by less than this. */
const STAMPS_NS = 1_000_000n

interface Owned {
  readonly name: string
  /** All that may have been written there. */
  readonly writes: readonly Written[]
  readonly claims: (write: Written) => boolean
  readonly removing: string
  readonly shown: { readonly account: string; readonly value: string | null } | undefined
}

export function owned(called: Called): string[] {
  const { all, counts, facts } = called
  const found: string[] = []
  const names = everyone(facts.scenario)
  const claims = new Map((facts.views.all_claims as string[]).map((line) => [line.split(' ')[0] ?? '', line]))
  const written = all.filter(({ operation: { method } }) => method === 'claim' || method === 'disclaim')
  // Who was answered that it has taken its value away had the key.
  const claiming = ({ said, operation }: Written) => said !== undefined || operation.method === 'claim'
  for (const key of new Set([...claims.keys(), ...written.map(({ operation }) => operation.args.key ?? '')])) {
    const [, account, value] = claims.get(key)?.split(' ') ?? []
    const shown = account === undefined || value === undefined ? undefined : { account, value }
    const writes = written.filter((write) => write.operation.args.key === key && counts(write))
    found.push(...belongs(called, { name: key, writes, claims: claiming, removing: 'disclaim', shown }, names))
  }
  for (const name of SHARED_NAMES) {
    const [account, ...rest] = (facts.views[`get_shared ${name}`] as string | null)?.split(' ') ?? []
    const shown = account === undefined ? undefined : { account, value: rest.join(' ') || null }
    const writes = all.filter(
      (write) => write.operation.method === 'share' && write.operation.args.name === name && counts(write),
    )
    // Who signs what another wrote founds it in the other's name.
    if (writes.some(({ operation }) => operation.node === HOSTILE)) continue
    const founding = ({ said }: Written) => said === undefined || said === 'founded'
    found.push(...belongs(called, { name: `storage ${name}`, writes, claims: founding, removing: '', shown }, names))
  }
  for (const name of names) {
    const writes = all.filter(({ operation: { node, method } }) => node === name && KEEPING.has(method))
    const value = (facts.views[`kept_by ${name}`] as string | null | undefined) ?? null
    found.push(...judge(`what ${name} keeps`, cellOf(writes.filter(counts), 'release'), value, called.causality))
  }
  return found
}

const KEEPING: ReadonlySet<string> = new Set(['keep', 'release'])

/** Who may own it: nobody else has surely claimed it before. */
function belongs({ hlcOf, causality }: Called, owned: Owned, names: readonly string[]): string[] {
  const { name, writes, claims, removing, shown } = owned
  const claiming = writes.filter(claims)
  const sure = claiming.flatMap((write) => (write.said === undefined ? [] : (hlcOf(write) ?? [])))
  const first = sure.reduce<bigint | undefined>(
    (least, hlc) => (least === undefined || hlc < least ? hlc : least),
    undefined,
  )
  const isEarly = (write: Written) => {
    const hlc = hlcOf(write)
    return hlc === undefined || first === undefined || hlc <= first + STAMPS_NS
  }
  const owners = new Set(claiming.filter(isEarly).map(({ operation }) => operation.node))
  const judged = (owner: string, value: string | null) =>
    judge(
      name,
      cellOf(
        writes.filter(({ operation }) => operation.node === owner),
        removing,
      ),
      value,
      causality,
    )
  if (shown) {
    const owner = names.find((each) => accountHex(each) === shown.account)
    if (owner === undefined || !owners.has(owner))
      return [`${name} belongs to ${owner ?? shown.account}, and ${[...owners].join(' or ')} claimed it first`]
    return judged(owner, shown.value)
  }
  const all = [...owners].map((owner) => judged(owner, null))
  return all.every((each) => each.length > 0) ? (all[0] ?? []) : []
}
