// The nodes that the check at the end of a run asks: one that does not answer once is not asked again.
import { ClientError } from '../../client/client-error.ts'
import { StepError } from '../../steps/step-error.ts'
import type { NodeHandle } from '../../steps/step-kind.ts'
import { HISTORY_REQUEST_TIMEOUT_MS } from '../limits.ts'

export interface HistoryRequest {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

export class HistoryNodes {
  readonly #asked: Map<string, NodeHandle>

  constructor(nodes: readonly NodeHandle[]) {
    const answering = nodes.filter((node) => node.running && !node.paused)
    this.#asked = new Map(answering.map((node) => [node.name, node]))
  }

  get names(): string[] {
    return [...this.#asked.keys()]
  }

  /** Undefined: the node does not answer, or not this. */
  async ask<T>(
    name: string,
    { signal }: { readonly signal: AbortSignal },
    question: (node: NodeHandle, request: HistoryRequest) => Promise<T>,
  ): Promise<T | undefined> {
    const node = this.#asked.get(name)
    if (node === undefined) return undefined
    try {
      return await question(node, { signal, timeoutMs: HISTORY_REQUEST_TIMEOUT_MS })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ClientError || error instanceof StepError)) throw error
      if (error instanceof ClientError && error.isNetworkFault) this.#asked.delete(name)
      return undefined
    }
  }
}
