// The thread that derives keys from passwords. It is none of the four of node:crypto: those are the store's, too, and have the
// priority of all else. One a process, started when it is first asked for.
import type { ScryptOptions } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { Bytes } from '../../base/bytes.ts'

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

interface Thread {
  readonly worker: Worker
  /** In the order that they are answered. */
  readonly asked: Asked[]
}

let running: Thread | undefined

/** Rejects where scrypt refuses the options, or the thread cannot run. */
export function derive(derivation: Derivation): Promise<Bytes> {
  running ??= start()
  const { worker, asked } = running
  return new Promise((resolve, reject) => {
    asked.push({ resolve, reject })
    // Idle it keeps no process alive; asked for something it does.
    worker.ref()
    worker.postMessage(derivation)
  })
}

function start(): Thread {
  const asked: Asked[] = []
  const worker = new Worker(program(), { name: 'passwords', execArgv: [] })
  const thread = { worker, asked }
  worker.on('message', (derived: Derived) => {
    const next = asked.shift()
    if (asked.length === 0) worker.unref()
    if ('key' in derived) next?.resolve(derived.key)
    else next?.reject(new Error(`a password could not be hashed: ${derived.error}`))
  })
  const lose = (why: string) => {
    // The next who asks has another one.
    if (running === thread) running = undefined
    for (const { reject } of asked.splice(0)) reject(new Error(`the thread that hashes passwords was lost: ${why}`))
  }
  worker.on('error', (error) => lose(error instanceof Error ? error.message : String(error)))
  worker.on('exit', (code) => lose(`it ended with code ${code}`))
  return thread
}

/** Beside this file as it is in development, beside the bundle otherwise. */
function program(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new URL(`./hash-worker.${extension}`, import.meta.url)
}
