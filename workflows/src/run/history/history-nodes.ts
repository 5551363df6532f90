// The nodes that the check at the end of a run asks: one that does not answer once is not asked again.
import { ClientError } from '../../client/client-error.ts'
import { StepError } from '../../steps/step-error.ts'
import type { NodeHandle } from '../../steps/step-kind.ts'
import { HISTORY_REQUEST_TIMEOUT_MS } from '../limits.ts'

export interface HistoryRequest {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/**
 * Those from `absent` on answer, and of the context: have never heard of it; know of it and have no state of it; are not to have
 * it, having left it or been removed; do not tell this.
 */
export type Silence = 'stopped' | 'paused' | 'unreachable' | 'absent' | 'stateless' | 'outside' | 'mute'

const BY_STATUS: Readonly<Record<number, Silence>> = { 403: 'outside', 404: 'absent', 503: 'stateless' }

export type Answer<T> = { readonly told: T } | { readonly silence: Silence }

export class HistoryNodes {
  readonly #nodes: Map<string, NodeHandle>
  readonly #silent = new Map<string, Silence>()

  constructor(nodes: readonly NodeHandle[]) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]))
    for (const { name, running, pausedBy } of nodes) {
      if (!running) this.#silent.set(name, 'stopped')
      else if (pausedBy !== undefined) this.#silent.set(name, 'paused')
    }
  }

  get names(): string[] {
    return [...this.#nodes.keys()]
  }

  /** Of these, those that have answered so far, or were not asked. */
  handles(names: readonly string[]): NodeHandle[] {
    return names.flatMap((name) => (this.#silent.has(name) ? [] : (this.#nodes.get(name) ?? [])))
  }

  /** `question` gives undefined for what the node does not tell. */
  async ask<T>(
    name: string,
    { signal }: { readonly signal: AbortSignal },
    question: (node: NodeHandle, request: HistoryRequest) => Promise<T | undefined>,
  ): Promise<Answer<T>> {
    const node = this.#nodes.get(name)
    const silence = node === undefined ? 'absent' : this.#silent.get(name)
    if (node === undefined || silence !== undefined) return { silence: silence ?? 'absent' }
    try {
      const told = await question(node, { signal, timeoutMs: HISTORY_REQUEST_TIMEOUT_MS })
      return told === undefined ? { silence: 'mute' } : { told }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ClientError || error instanceof StepError)) throw error
      if (!(error instanceof ClientError)) return { silence: 'mute' }
      if (error.isNetworkFault) this.#silent.set(name, 'unreachable')
      return { silence: error.isNetworkFault ? 'unreachable' : (BY_STATUS[error.status ?? 0] ?? 'mute') }
    }
  }
}

export function toldOf<T>(answer: Answer<T>): T | undefined {
  return 'told' in answer ? answer.told : undefined
}
