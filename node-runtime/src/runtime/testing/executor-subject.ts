// The executor under test, as the parts of the contract suite use it.
import { expect } from 'vitest'
import { type Bytes, fromUtf8 } from '../../base/bytes.ts'
import type { BlobDisk } from '../../blobs/blob-disk.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import type { Store } from '../../store/store.ts'
import type { GuestExecutor, GuestJob, GuestModule, GuestOutcome, StateSource } from '../guest-executor.ts'

export interface ExecutorHarness {
  readonly store: Store
  /** What the executor's guests read and write. */
  readonly blobs: BlobStore
  readonly blobDisk: BlobDisk
  executor(options: { timeLimitMs?: number }): GuestExecutor
  close(): Promise<void>
}

/** Usable inside of tests only: it is set up before them. */
export interface Subject {
  readonly harness: ExecutorHarness
  readonly executor: GuestExecutor
  readonly probe: GuestModule
  /** One job of the probe. */
  run(job: GuestJob, source?: StateSource): Promise<GuestOutcome>
  runOn(module: GuestModule, job: GuestJob, source?: StateSource): Promise<GuestOutcome>
}

export function text(bytes: Bytes | undefined): string | undefined {
  return bytes ? fromUtf8(bytes) : undefined
}

/** Changes as texts; bytes that are none are replaced. */
export function shown(changes: GuestOutcome['changes']): (string | null)[][] {
  return changes.map(({ key, value }) => [fromUtf8(key), value === null ? null : Buffer.from(value).toString()])
}

export function expectNoTrace(outcome: GuestOutcome): void {
  expect(outcome).toMatchObject({ changes: [], privateChanges: [], events: [], xcalls: [], proposals: [] })
  expect(outcome.root).toBeUndefined()
  expect(outcome.artifact).toBeUndefined()
  expect(outcome.value).toBeUndefined()
}
