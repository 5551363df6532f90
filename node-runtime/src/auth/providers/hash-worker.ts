// A program of its own, in a thread: derives keys from passwords, one after the other. On Linux, which has priorities for
// threads, it has a low one, so that what answers requests does not wait for a processor while passwords are guessed.
import { scryptSync } from 'node:crypto'
import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { HASH_NICENESS, NICENESS_MAX } from '../limits.ts'
import type { Derivation, Derived } from './hash-thread.ts'

const port = parentPort
if (!port) throw new Error('hash-worker.ts must be started as a worker thread')

// Without a process named it is the calling thread's there, and that of the whole process elsewhere.
if (process.platform === 'linux') setPriority(Math.min(NICENESS_MAX, getPriority() + HASH_NICENESS))

port.on('message', ({ password, salt, bytes, options }: Derivation) => {
  let derived: Derived
  try {
    derived = { key: new Uint8Array(scryptSync(password, salt, bytes, options)) }
  } catch (error) {
    derived = { error: error instanceof Error ? error.message : String(error) }
  }
  port.postMessage(derived)
})
