// A program of its own, in a thread: derives keys from passwords, one after the other. Where the system has priorities for
// threads it has a low one, so that what answers requests does not wait for a processor while passwords are guessed.
import { scryptSync } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { HASH_NICENESS } from '../limits.ts'
import type { Derivation, Derived } from './hash-thread.ts'

const port = parentPort
if (!port) throw new Error('hash-worker.ts must be started as a worker thread')

try {
  // Of Linux, where the number of a thread is good for what takes that of a process: `<pid>/task/<tid>`.
  const id = Number(readlinkSync('/proc/thread-self').replace(/.*\//, ''))
  setPriority(id, Math.max(getPriority(id), HASH_NICENESS))
} catch {
  // Elsewhere it hashes as one among equals.
}

port.on('message', ({ password, salt, bytes, options }: Derivation) => {
  let derived: Derived
  try {
    derived = { key: new Uint8Array(scryptSync(password, salt, bytes, options)) }
  } catch (error) {
    derived = { error: error instanceof Error ? error.message : String(error) }
  }
  port.postMessage(derived)
})
