// The log of a namespace as somebody shows it who says that we are in it now: read in memory alone, so that nothing is left of
// a namespace that is another one, or none.
import type { AccountId, GroupId, NamespaceId, OpId } from '../../base/ids.ts'
import { Governance } from '../../governance/governance.ts'
import { type SignedOp, verifyOp } from '../../wire/op.ts'

export class TrialLog {
  readonly id: NamespaceId
  readonly #governance: Governance<SignedOp>

  constructor(id: NamespaceId) {
    this.id = id
    this.#governance = new Governance(id)
  }

  heads(): OpId[] {
    return this.#governance.heads()
  }

  holds(id: OpId): boolean {
    return this.#governance.has(id)
  }

  /** Returns how many were accepted. */
  async receive(ops: readonly SignedOp[]): Promise<number> {
    const genuine = ops.filter((op) => op.namespaceId === this.id && verifyOp(op))
    return genuine.reduce((count, op) => count + this.#governance.receive(op).accepted.length, 0)
  }

  /**
   * Whether the group is one of the namespace, which has the account as an attested member. Nobody can show that of another
   * namespace: the ids of groups are made from that of theirs.
   */
  shows(groupId: GroupId, account: AccountId): boolean {
    const state = this.#governance.state()
    return state.groups.has(groupId) && state.roleIn(this.id, account) === 'ReadOnlyTee'
  }
}
