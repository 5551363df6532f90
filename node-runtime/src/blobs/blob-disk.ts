// The port below the blob store: named folders with named files in them. Implemented by `file-disk.ts` and, for the
// simulator and tests, `memory-disk.ts`.
import type { Bytes } from '../base/bytes.ts'

export interface BlobFile {
  /** Fewer bytes at the end of the file. They begin at `head` of a new buffer; what is before it are zeros. */
  read(position: number, length: number, head?: number): Promise<Bytes>
  /** Resolves when all of it is written. */
  write(position: number, bytes: Bytes): Promise<void>
  size(): Promise<number>
  /** Resolves when what was written outlives a power cut. */
  sync(): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}

/** Failures are those of the operating system, with its `code`. */
export interface BlobDisk {
  /** For messages: where somebody finds it. */
  placeOf(folder: string, file: string): string
  /** Makes the top folder where it is missing. */
  prepare(): Promise<void>
  folders(): Promise<string[]>
  /** No error where it is there. */
  make(folder: string): Promise<void>
  /** With everything in it. No error where it is not there. */
  remove(folder: string): Promise<void>
  /** One step. False where `to` is there already. */
  rename(from: string, to: string): Promise<boolean>
  /** `create`: empty, also where there was one. Throws ENOENT. Open files outlive their folder. */
  open(folder: string, file: string, mode: 'read' | 'write' | 'create'): Promise<BlobFile>
  /** One step that outlives a power cut. */
  put(folder: string, file: string, bytes: Bytes): Promise<void>
  get(folder: string, file: string): Promise<Bytes | undefined>
  /** Resolves when the names of all folders outlive a power cut. */
  sync(): Promise<void>
  /** What guests use, on their own thread. */
  readonly guest: GuestDisk
}

/** Synchronous, because guests cannot wait. */
export interface GuestDisk {
  /** As of `BlobDisk`. */
  placeOf(folder: string, file: string): string
  /** Undefined where it is not there. */
  get(folder: string, file: string): Bytes | undefined
  /** Undefined where the file is not there. */
  read(folder: string, file: string, position: number, length: number): Bytes | undefined
  /** Makes folder and file where they are missing. */
  append(folder: string, file: string, bytes: Bytes): void
  remove(folder: string): void
}
