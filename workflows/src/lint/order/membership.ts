// Which nodes a step takes out of a group, or lets in again. Members are named by account: of which node that is, is known
// where a step before has read it.
import { outputSources } from '../../values/capture-outputs.ts'
import { isJsonObject } from '../../values/json/json-value.ts'
import type { LintStep } from '../source/lint-step.ts'
import type { Symbols } from './symbols.ts'

/** Fields of replies that are the account of the node that was asked. */
const OWN_ACCOUNT = /(?:^|\.)(?:accountId|memberAccount)$/
const READS_OWN: ReadonlySet<string> = new Set(['node_identity', 'join_namespace', 'join'])
const LEAVES: ReadonlySet<string> = new Set(['leave_group', 'leave_namespace'])
const JOINS: ReadonlySet<string> = new Set(['join_namespace', 'join', 'join_subgroup_inheritance'])

export interface MembershipChange {
  readonly removed: readonly string[]
  readonly admitted: readonly string[]
}

export class Membership {
  readonly #nodes: readonly string[]
  /** Account, as `Symbols.text` writes it → node. */
  readonly #nodeOf = new Map<string, string>()

  constructor(nodes: readonly string[]) {
    this.#nodes = nodes
  }

  /** After the captures of the step are known. */
  learn({ planned }: LintStep, node: string, symbols: Symbols): void {
    if (!READS_OWN.has(planned.kind)) return
    for (const [name, source] of outputSources(planned.outputs ?? {})) {
      if (OWN_ACCOUNT.test(source)) this.#nodeOf.set(symbols.text(`{{${name}}}`), node)
    }
  }

  changeBy({ planned: { kind, input } }: LintStep, node: string, symbols: Symbols): MembershipChange {
    if (LEAVES.has(kind)) return { removed: [node], admitted: [] }
    if (JOINS.has(kind)) return { removed: [], admitted: [node] }
    const named = Array.isArray(input.members) ? input.members : []
    const accounts = named.map((each) => symbols.text(String(isJsonObject(each) ? each.identity : each)))
    // An account that is not known may be of any other node: nothing is reported that may be right.
    const others = this.#nodes.filter((each) => each !== node)
    const members = accounts.flatMap((account) => this.#nodeOf.get(account) ?? others)
    if (kind === 'remove_group_members') return { removed: members, admitted: [] }
    return { removed: [], admitted: kind === 'add_group_members' ? members : [] }
  }
}
