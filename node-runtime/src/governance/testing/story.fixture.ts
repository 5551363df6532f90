// A history told by one line of operations, each checked as it is told.
import { expect } from 'vitest'
import type { OpBody, Operation } from '../../base/operations.ts'
import { Governance } from '../governance.ts'
import { alice, bob, genesis, joined, namespaceId, operation, type Person } from './world.fixture.ts'

export class Story {
  readonly governance: Governance = new Governance(namespaceId)
  readonly ops: Operation[] = []
  #last: Operation[] = []

  constructor(...steps: [Person, OpBody][]) {
    this.governance.receive(genesis)
    this.#last = [genesis]
    for (const [by, body] of steps) this.does(by, body)
  }

  /** Must be accepted. */
  does(by: Person, body: OpBody, hlc?: bigint): this {
    const op = operation({ by, on: this.#last, body, ...(hlc === undefined ? {} : { hlc }) })
    expect(this.governance.refusal(op)).toBeUndefined()
    expect(this.governance.receive(op)).toMatchObject({ outcome: 'accepted', accepted: [op] })
    this.#last = [op]
    this.ops.push(op)
    return this
  }

  /** Why not, by the rule: where a stranger is refused without it, it must have one against it, too. */
  refuses(by: Person, body: OpBody, hlc?: bigint): string | undefined {
    const op = operation({ by, on: this.#last, body, ...(hlc === undefined ? {} : { hlc }) })
    const { outcome, reason } = this.governance.receive(op)
    expect(outcome).toBe('invalid')
    const byRule = this.governance.refusal({ ...op, hlc: op.hlc + 1n })
    if (reason?.endsWith('is nobody here')) expect(byRule).toBeDefined()
    else expect(reason).toBe(byRule ?? reason)
    return byRule ?? reason
  }

  get state() {
    return this.governance.state()
  }
}

export const withBob = () => new Story([bob, joined(bob, alice)])
