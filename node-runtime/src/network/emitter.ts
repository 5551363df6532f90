// The events of the port. A listener's error never reaches the network's own code.
import type { Logger } from '../base/log.ts'
import type { NetworkEvents } from './network.ts'

type Listeners = { [Name in keyof NetworkEvents]: Set<NetworkEvents[Name]> }

export class Emitter {
  readonly #log: Logger
  readonly #listeners: Listeners = { 'peer:connect': new Set(), 'peer:disconnect': new Set(), subscribed: new Set() }

  constructor(log: Logger) {
    this.#log = log
  }

  on<Name extends keyof NetworkEvents>(event: Name, listener: NetworkEvents[Name]): () => void {
    this.#listeners[event].add(listener)
    return () => {
      this.#listeners[event].delete(listener)
    }
  }

  emit<Name extends keyof NetworkEvents>(event: Name, ...args: Parameters<NetworkEvents[Name]>): void {
    for (const listener of [...this.#listeners[event]]) {
      try {
        Reflect.apply(listener, undefined, args)
      } catch (error) {
        this.#log.error({ event, error: String(error) }, 'a network listener failed')
      }
    }
  }
}
