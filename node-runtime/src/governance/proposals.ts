// What members of a context have proposed, as older applications do, and what comes of it when enough approve. The bytes
// of the actions are those applications' own (Borsh). Pure.
import { type Bytes, compareBytes, concat, copyOf, fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import { idBytes, idFromBytes, type OpId, type ProposalId } from '../base/ids.ts'
import {
  PROPOSAL_ACTIONS_MAX,
  PROPOSALS_ACTIVE_MAX,
  PROPOSALS_DELETED_KEPT,
  PROPOSALS_DONE_KEPT,
  PROPOSED_VALUES_MAX,
} from './limits.ts'
import type { ContextProposals, Proposal } from './namespace-state.ts'

export type ProposalAction =
  /** Of contracts outside, which there are none of here: nodes tell that it was approved. */
  | {
      readonly kind: 'ExternalFunctionCall'
      readonly receiver: string
      readonly method: string
      readonly args: string
      readonly deposit: bigint
    }
  | { readonly kind: 'Transfer'; readonly receiver: string; readonly amount: bigint }
  | { readonly kind: 'SetNumApprovals'; readonly count: number }
  | { readonly kind: 'SetActiveProposalsLimit'; readonly count: number }
  | { readonly kind: 'SetContextValue'; readonly key: Bytes; readonly value: Bytes }
  | { readonly kind: 'DeleteProposal'; readonly id: ProposalId }

/** Of a context in which nothing was proposed. */
export const NO_PROPOSALS: ContextProposals = {
  approvalsNeeded: 3,
  activeMax: 10,
  active: [],
  deleted: [],
  values: [],
  done: [],
}

/** Undefined: the bytes are no list of actions, or an empty one. */
export function readActions(bytes: Bytes): ProposalAction[] | undefined {
  try {
    const from = new BorshReader(bytes)
    const count = from.u32()
    if (count === 0 || count > PROPOSAL_ACTIONS_MAX) return undefined
    const actions = Array.from({ length: count }, () => readAction(from))
    return from.isAtEnd ? actions : undefined
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined
    throw error
  }
}

/** The bytes that `readActions` reads. Numbers must fit. */
export function writeActions(actions: readonly ProposalAction[]): Bytes {
  return concat([u32(actions.length), ...actions.flatMap(partsOf)])
}

function partsOf(action: ProposalAction): Bytes[] {
  switch (action.kind) {
    case 'ExternalFunctionCall':
      return [tag(0), ...[action.receiver, action.method, action.args].flatMap(textParts), u128(action.deposit)]
    case 'Transfer':
      return [tag(1), ...textParts(action.receiver), u128(action.amount)]
    case 'SetNumApprovals':
      return [tag(2), u32(action.count)]
    case 'SetActiveProposalsLimit':
      return [tag(3), u32(action.count)]
    case 'SetContextValue':
      return [tag(4), ...[action.key, action.value].flatMap((part) => [u32(part.byteLength), part])]
    case 'DeleteProposal':
      return [tag(5), idBytes(action.id)]
  }
}

const tag = (value: number): Bytes => Uint8Array.of(value)

function textParts(text: string): Bytes[] {
  const bytes = utf8(text)
  return [u32(bytes.byteLength), bytes]
}

function u32(value: number): Bytes {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

function u128(value: bigint): Bytes {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, value & 0xffff_ffff_ffff_ffffn, true)
  view.setBigUint64(8, value >> 64n, true)
  return bytes
}

function readAction(from: BorshReader): ProposalAction {
  const tag = from.u8()
  switch (tag) {
    case 0: {
      const [receiver, method, args] = [from.text(), from.text(), from.text()]
      return { kind: 'ExternalFunctionCall', receiver, method, args, deposit: from.u128() }
    }
    case 1:
      return { kind: 'Transfer', receiver: from.text(), amount: from.u128() }
    case 2:
      return { kind: 'SetNumApprovals', count: from.u32() }
    case 3:
      return { kind: 'SetActiveProposalsLimit', count: from.u32() }
    case 4:
      return { kind: 'SetContextValue', key: from.bytes(), value: from.bytes() }
    case 5:
      return { kind: 'DeleteProposal', id: idFromBytes<ProposalId>(from.take(32)) }
    default:
      throw new RangeError(`no action has the number ${tag}`)
  }
}

/** Little-endian. Throws RangeError where the bytes end too soon, TypeError for what is no text. */
class BorshReader {
  readonly #bytes: Bytes
  readonly #view: DataView
  #at = 0

  constructor(bytes: Bytes) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.byteLength
  }

  u8(): number {
    this.#at += 1
    return this.#view.getUint8(this.#at - 1)
  }

  u32(): number {
    this.#at += 4
    return this.#view.getUint32(this.#at - 4, true)
  }

  u128(): bigint {
    this.#at += 16
    return this.#view.getBigUint64(this.#at - 16, true) | (this.#view.getBigUint64(this.#at - 8, true) << 64n)
  }

  take(length: number): Bytes {
    if (length > this.#bytes.byteLength - this.#at) throw new RangeError('the bytes end too soon')
    this.#at += length
    return copyOf(this.#bytes.subarray(this.#at - length, this.#at))
  }

  bytes(): Bytes {
    return this.take(this.u32())
  }

  text(): string {
    return fromUtf8(this.bytes())
  }
}

/** What is so when `proposal` has had enough approvals with the operation `by`. It is active no longer. */
export function executed(before: ContextProposals, proposal: Proposal, by: OpId): ContextProposals {
  const isOther = ({ op }: Proposal) => op !== proposal.op
  let after: ContextProposals = {
    ...before,
    active: before.active.filter(isOther),
    deleted: before.deleted.filter(isOther),
  }
  const left: number[] = []
  for (const [index, action] of (readActions(proposal.actions) ?? []).entries()) {
    if (action.kind === 'SetContextValue' && roomLeft(after.values, [action]) < 0) left.push(index)
    else after = acted(after, action)
  }
  const { op, id, author, actions } = proposal
  const done = [...after.done, { op, id, author, actions, by, ...(left.length === 0 ? {} : { left }) }]
  return { ...after, done: done.slice(-PROPOSALS_DONE_KEPT) }
}

function acted(before: ContextProposals, action: ProposalAction): ContextProposals {
  switch (action.kind) {
    case 'SetNumApprovals':
      return { ...before, approvalsNeeded: Math.max(1, action.count) }
    case 'SetActiveProposalsLimit':
      return { ...before, activeMax: Math.max(1, Math.min(PROPOSALS_ACTIVE_MAX, action.count)) }
    case 'SetContextValue':
      return { ...before, values: withValue(before.values, action) }
    case 'DeleteProposal':
      return withDeleted(before, proposalsNamed(before, action.id))
    case 'ExternalFunctionCall':
    case 'Transfer':
      return before
  }
}

function withDeleted(before: ContextProposals, gone: readonly Proposal[]): ContextProposals {
  return {
    ...before,
    active: before.active.filter((each) => !gone.includes(each)),
    deleted: [...before.deleted, ...gone].slice(-PROPOSALS_DELETED_KEPT),
  }
}

type Value = ContextProposals['values'][number]

/** How many more keys there is room for when `added` are set; below zero: there is none for these. */
export function roomLeft(values: readonly Value[], added: readonly Value[]): number {
  const keys = new Set([...values, ...added].map(({ key }) => toHex(key)))
  return PROPOSED_VALUES_MAX - keys.size
}

function withValue(values: readonly Value[], { key, value }: Value): readonly Value[] {
  const others = values.filter((each) => compareBytes(each.key, key) !== 0)
  return [...others, { key, value }].sort((a, b) => compareBytes(a.key, b.key))
}

/** Those waiting that an id names: the one that the operation of this id has made, else all that are called so. */
export function proposalsNamed(proposals: ContextProposals | undefined, id: ProposalId | OpId): readonly Proposal[] {
  const active = proposals?.active ?? []
  const made = active.filter(({ op }) => id === op)
  return made.length > 0 ? made : active.filter((each) => each.id === id)
}
