// The port to faults of connections that the system beneath the nodes makes, packet by packet: the nodes know nothing of
// them. Only drivers have one whose nodes have a network each.

/** What is wrong with what a node sends (`out`) or gets (`in`). */
export interface LinkRule {
  readonly direction: 'in' | 'out' | 'both'
  /** Names of nodes; absent: all others. */
  readonly peers?: readonly string[]
  readonly blocked?: boolean
  readonly delayMs?: number
  readonly jitterMs?: number
  readonly lossPercent?: number
  readonly bytesPerSecond?: number
  readonly resetPercent?: number
}

export interface KernelLinks {
  /** Why this one cannot be made here; undefined where it can. */
  refusal(rule: LinkRule, options: { readonly signal: AbortSignal }): Promise<string | undefined>
  /** One of the same id is replaced. On a node that does not run it is on from its next start. */
  put(node: string, id: string, rule: LinkRule, options: { readonly signal: AbortSignal }): Promise<void>
  /** One that is not on is no mistake. */
  take(node: string, id: string, options: { readonly signal: AbortSignal }): Promise<void>
}
