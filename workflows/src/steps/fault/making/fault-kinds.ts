// The kinds of faults, once: which fields they need, and what they are on a node. Facts only.
import type { JsonObject } from '../../../values/json/json-value.ts'

/** What a fault of connections, messages, the disk or the clock is, in the words of a step. */
export interface FaultValues {
  readonly ms?: number | undefined
  readonly percent?: number | undefined
  readonly bytes_per_second?: number | undefined
  /** What chance is drawn from. */
  readonly seed?: string | undefined
}

/** Of the process: by a signal. `restart` is over as soon as it has happened. */
export const PROCESS_KINDS = ['stop', 'kill', 'pause', 'restart'] as const
export const MESSAGE_KINDS = ['hold', 'drop', 'replay', 'duplicate', 'reorder'] as const
const LINK_KINDS = ['partition', 'delay', 'jitter', 'loss', 'bandwidth', 'reset'] as const
const STATE_KINDS = ['clock_skew', 'disk_full', 'read_only'] as const

export const FAULT_KINDS = [...PROCESS_KINDS, ...LINK_KINDS, ...MESSAGE_KINDS, ...STATE_KINDS] as const

export type FaultKind = (typeof FAULT_KINDS)[number]
export type ProcessKind = (typeof PROCESS_KINDS)[number]
export type MessageFaultKind = (typeof MESSAGE_KINDS)[number]
export type LinkKind = (typeof LINK_KINDS)[number]
export type StateKind = (typeof STATE_KINDS)[number]

export const SUMMARIES: Readonly<Record<FaultKind, string>> = {
  stop: 'the node is stopped, and started again at the end',
  kill: 'the same, at once, as kill -9 does',
  pause: 'the node is held still, as SIGSTOP does',
  restart: 'the node is stopped and started again; over at once',
  partition: 'nothing passes: between the groups, one way from one to another, or to and from a node',
  delay: 'what is sent comes later by ms',
  jitter: 'what is sent comes later by up to ms, in order',
  loss: 'percent of the packets are lost; TCP sends them again, later each time',
  bandwidth: 'no more than bytes_per_second are sent',
  reset: 'connections are reset, at percent of the packets (all)',
  hold: 'messages are kept back until the end, and then handed on in order',
  drop: 'messages are lost',
  replay: 'messages are handed on, and once more at the end',
  duplicate: 'messages come twice',
  reorder: 'messages are overtaken by later ones',
  clock_skew: 'the clock of the node goes wrong by ms, which may be negative',
  disk_full: 'no write of the store succeeds: ENOSPC',
  read_only: 'the same: EROFS',
}

export const NEEDED: Readonly<Partial<Record<FaultKind, keyof FaultValues>>> = {
  delay: 'ms',
  jitter: 'ms',
  clock_skew: 'ms',
  loss: 'percent',
  bandwidth: 'bytes_per_second',
}

export function isProcessKind(kind: FaultKind): kind is ProcessKind {
  return PROCESS_KINDS.some((each) => each === kind)
}

export function isMessageKind(kind: FaultKind): kind is MessageFaultKind {
  return MESSAGE_KINDS.some((each) => each === kind)
}

/** Whether it is a matter of chance which packets or messages it meets. */
export function hasChance(kind: FaultKind, { percent = 100 }: FaultValues): boolean {
  if (kind === 'jitter') return true
  return (kind === 'loss' || kind === 'reset' || isMessageKind(kind)) && percent < 100
}

export function isLinkKind(kind: FaultKind): kind is LinkKind {
  return LINK_KINDS.some((each) => each === kind)
}

export function linkRule(kind: LinkKind, values: FaultValues): JsonObject {
  const { ms = 0, percent = 100, bytes_per_second = 1 } = values
  const seed = values.seed !== undefined && hasChance(kind, values) ? { seed: values.seed } : {}
  switch (kind) {
    case 'partition':
      return { blocked: true }
    case 'delay':
      return { delayMs: ms }
    case 'jitter':
      return { jitterMs: ms, ...seed }
    case 'loss':
      return { lossPercent: percent, ...seed }
    case 'bandwidth':
      return { bytesPerSecond: bytes_per_second }
    case 'reset':
      return { resetPercent: percent, ...seed }
  }
}

export function stateRule(kind: StateKind, { ms = 0 }: FaultValues): JsonObject {
  if (kind === 'clock_skew') return { clockOffsetMs: ms }
  return { disk: kind === 'disk_full' ? 'full' : 'read_only' }
}
