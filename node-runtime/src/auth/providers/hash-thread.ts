// The thread that derives keys from passwords. It is none of the four of node:crypto: those are the store's, too, and have the
// priority of all else. Started when it is asked, ended when nobody has asked for a while. A process that ends waits for the
// hash under way, as it would for one of node:crypto.
import type { ScryptOptions } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { Bytes } from '../../base/bytes.ts'
import { HASH_THREAD_IDLE_MS } from '../limits.ts'

/** As for `crypto.scrypt`. */
export interface Derivation {
  readonly password: string
  readonly salt: Bytes
  readonly bytes: number
  readonly options: ScryptOptions
}

export type Derived = { readonly key: Bytes } | { readonly error: string }

interface Asked {
  readonly resolve: (key: Bytes) => void
  readonly reject: (error: Error) => void
}

interface Running {
  readonly worker: Worker
  /** In the order that they are answered. */
  readonly asked: Asked[]
  idle: NodeJS.Timeout | undefined
}

export class HashThread {
  readonly #program: URL
  #running: Running | undefined

  constructor(program = hashWorker()) {
    this.#program = program
  }

  /** Rejects where scrypt refuses the options, or the thread cannot run: then the next who asks has another one. */
  async derive(derivation: Derivation): Promise<Bytes> {
    this.#running ??= this.#start()
    const { worker, asked, idle } = this.#running
    clearTimeout(idle)
    return new Promise((resolve, reject) => {
      asked.push({ resolve, reject })
      // Idle it keeps no process alive; asked for something it does.
      worker.ref()
      worker.postMessage(derivation)
    })
  }

  #start(): Running {
    const worker = new Worker(this.#program, { name: 'passwords', execArgv: [] })
    const running: Running = { worker, asked: [], idle: undefined }
    worker.on('message', (derived: Derived) => {
      const next = running.asked.shift()
      if (running.asked.length === 0) this.#rest(running)
      if ('key' in derived) next?.resolve(derived.key)
      else next?.reject(new Error(`a password could not be hashed: ${derived.error}`))
    })
    worker.on('error', (error) => this.#lose(running, error instanceof Error ? error.message : String(error)))
    worker.on('exit', (code) => this.#lose(running, `it ended with code ${code}`))
    return running
  }

  #rest(running: Running): void {
    running.worker.unref()
    running.idle = setTimeout(() => {
      this.#forget(running)
      void running.worker.terminate()
    }, HASH_THREAD_IDLE_MS).unref()
  }

  #lose(running: Running, why: string): void {
    this.#forget(running)
    for (const { reject } of running.asked.splice(0))
      reject(new Error(`the thread that hashes passwords was lost: ${why}`))
  }

  #forget(running: Running): void {
    clearTimeout(running.idle)
    if (this.#running === running) this.#running = undefined
  }
}

/** Beside this file as it is in development, beside the bundle otherwise. */
function hashWorker(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new URL(`./hash-worker.${extension}`, import.meta.url)
}
