// The store on disk: LevelDB through classic-level. `multithreading` lets worker threads of this process open the same
// location; another process is kept out by LevelDB's lock. Batches reach the operating system before they resolve,
// which kill -9 cannot undo; a power cut may lose the last ones, never half of one.
import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { ClassicLevel } from 'classic-level'
import type { Bytes } from '../base/bytes.ts'
import { requireWholeLogs } from './damaged-logs.ts'
import { DiskRoom } from './disk-room.ts'
import { openingError, StoreError } from './errors.ts'
import { BATCH_PIECE, BLOCK_CACHE_BYTES, OPEN_FILES_MAX, READ_AHEAD_BYTES, WRITE_BUFFER_BYTES } from './limits.ts'
import { newestLog } from './newest-log.ts'
import { ownWorkOf } from './own-work.ts'
import { type LevelRepair, Reopening } from './reopening.ts'
import type { Store, StoreOp, StoreRange, StoreSnapshot } from './store.ts'
import { hasStore } from './store-place.ts'
import { causeText, noLogError, writeError } from './write-error.ts'

export interface LevelStoreOptions {
  /** For worker threads: the store must exist already, and `batch` is refused. */
  readonly readonlyWorker?: boolean
  /** There is a copy: what is damaged in a log may be left out. Otherwise such a store is not opened. */
  readonly isCopied?: boolean
  /** Without it a store that LevelDB has given up writing takes nothing until the process starts again. */
  readonly repair?: LevelRepair
}

type Level = ClassicLevel<Uint8Array, Uint8Array>
type LevelSnapshot = ReturnType<Level['snapshot']>

/** Throws StoreError: STORE_LOCKED, STORE_UNWRITABLE, STORE_CORRUPT or STORE_FAILED. */
export async function openLevelStore(location: string, options: LevelStoreOptions = {}): Promise<Store> {
  const readonlyWorker = options.readonlyWorker ?? false
  if (!readonlyWorker) await ensureWritable(location)
  const isNew = !readonlyWorker && !(await hasStore(location))
  if (!readonlyWorker && !isNew && !options.isCopied) await requireWholeLogs(location)
  const level: Level = new ClassicLevel(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    multithreading: true,
    createIfMissing: isNew,
    cacheSize: BLOCK_CACHE_BYTES,
    writeBufferSize: WRITE_BUFFER_BYTES,
    maxOpenFiles: OPEN_FILES_MAX,
  })
  try {
    await level.open()
  } catch (cause) {
    throw openError(location, cause)
  }
  return new LevelStore(level, location, options)
}

class LevelStore implements Store {
  readonly #level: Level
  readonly #location: string
  readonly #readonly: boolean
  readonly #reopening: Reopening | undefined
  readonly #room: DiskRoom
  /** A write has failed half-way: what is written behind it in LevelDB's log would not be read again. */
  #isTorn = false
  /** Settles when every batch so far has; batches run one after the other, in the order of the calls. */
  #tail: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(level: Level, location: string, { readonlyWorker = false, repair }: LevelStoreOptions) {
    this.#level = level
    this.#location = location
    this.#readonly = readonlyWorker
    this.#reopening = repair && new Reopening({ ...repair, location, level, onDue: () => this.#openAgain() })
    this.#room = new DiskRoom({
      location,
      ownWork: () =>
        level.status === 'open'
          ? ownWorkOf(level.getProperty('leveldb.stats'), level.getProperty('leveldb.approximate-memory-usage'))
          : 0,
    })
  }

  get(key: Bytes): Bytes | undefined {
    this.#checkOpen()
    return this.#reading(() => this.#level.getSync(key))
  }

  entries(range: StoreRange): AsyncIterable<[Bytes, Bytes]> {
    return this.#iterate(range, () => this.#checkOpen())
  }

  batch(ops: readonly StoreOp[]): Promise<void> {
    try {
      this.#checkOpen()
      if (this.#readonly) throw new StoreError('STORE_READ_ONLY', `cannot write ${this.#location} from a worker thread`)
    } catch (error) {
      return Promise.reject(error)
    }
    const done = this.#tail.then(() => this.#write(ops))
    // The next batch waits for this one, whether or not it fails; its caller gets the failure from `done`.
    this.#tail = done.catch(() => undefined)
    return done
  }

  /** In turn with the batches: a compaction that fails for want of room would end all writing. */
  compact({ gte, lt }: StoreRange): Promise<void> {
    const compact = async () => {
      if (this.#closing === undefined && this.#level.status === 'open') await this.#level.compactRange(gte, lt)
    }
    const done = this.#tail.then(compact)
    this.#tail = done.catch(() => undefined)
    return done
  }

  snapshot(): StoreSnapshot {
    this.#checkOpen()
    const snapshot = this.#reading(() => this.#level.snapshot())
    let closed = false
    const check = () => {
      this.#checkOpen()
      if (closed) throw new StoreError('STORE_CLOSED', `cannot read ${this.#location}: the snapshot is closed`)
    }
    return {
      get: (key) => {
        check()
        return this.#reading(() => this.#level.getSync(key, { snapshot }))
      },
      entries: (range) => this.#iterate(range, check, snapshot),
      close: () => {
        closed = true
        return snapshot.close()
      },
    }
  }

  close(): Promise<void> {
    this.#reopening?.end()
    this.#closing ??= this.#tail.then(() => this.#level.close())
    return this.#closing
  }

  async #write(ops: readonly StoreOp[]): Promise<void> {
    await this.#room.reserve(sizeOf(ops), { isFreeing: ops.every(({ type }) => type === 'del') })
    if (this.#isTorn) await this.#mend(ops)
    try {
      await this.#writeAtomically(ops)
    } catch (cause) {
      this.#isTorn = true
      throw writeError(this.#location, ops.length, cause)
    }
  }

  /** One batch, also where it is handed over to LevelDB in pieces. */
  async #writeAtomically(ops: readonly StoreOp[]): Promise<void> {
    if (ops.length <= BATCH_PIECE) return this.#level.batch([...ops])
    const batch = this.#level.batch()
    try {
      for (const [index, op] of ops.entries()) {
        if (op.type === 'put') batch.put(op.key, op.value)
        else batch.del(op.key)
        if ((index + 1) % BATCH_PIECE === 0) await turn()
      }
      await batch.write()
    } finally {
      await batch.close()
    }
  }

  /**
   * What is in memory goes into a table, and a new log begins. Only where there is room: LevelDB does not try again. That
   * it failed, LevelDB keeps to itself. Throws STORE_FULL.
   */
  async #mend(ops: readonly StoreOp[]): Promise<void> {
    await this.#room.measure(sizeOf(ops))
    try {
      if (!(await this.#beginsLog())) await this.#openAnew()
    } catch (cause) {
      throw cause instanceof StoreError ? cause : writeError(this.#location, ops.length, cause)
    }
    this.#isTorn = false
  }

  async #beginsLog(): Promise<boolean> {
    if (this.#level.status !== 'open') return false
    const torn = await newestLog(this.#location)
    await this.#level.compactRange(FIRST_KEY, FIRST_KEY)
    return (await newestLog(this.#location)) > torn
  }

  /**
   * LevelDB could not write a table or a manifest, and never writes again; closed by all and opened anew it does, and has all that
   * was acknowledged. Reads that are under way meanwhile fail.
   */
  async #openAnew(): Promise<void> {
    if (this.#reopening === undefined) throw noLogError(this.#location)
    await this.#reopening.openAnew()
  }

  /** After a time in which it could not be opened; in turn with the batches. */
  #openAgain(): void {
    const open = async () => {
      if (this.#closing !== undefined || this.#level.status === 'open') return
      await this.#openAnew()
      this.#isTorn = false
    }
    // A failure has been logged, and comes again after a longer pause.
    this.#tail = this.#tail.then(open).catch(() => undefined)
  }

  async *#iterate(range: StoreRange, check: () => void, snapshot?: LevelSnapshot): AsyncIterable<[Bytes, Bytes]> {
    check()
    const iterator = this.#reading(() =>
      this.#level.iterator({
        gte: range.gte,
        lt: range.lt,
        reverse: range.reverse ?? false,
        limit: range.limit ?? -1,
        highWaterMarkBytes: READ_AHEAD_BYTES,
        ...(snapshot === undefined ? {} : { snapshot }),
      }),
    )
    try {
      for (;;) {
        check()
        const entry = await iterator.next()
        if (entry === undefined) return
        yield entry
      }
    } catch (cause) {
      throw cause instanceof StoreError ? cause : this.#readError(cause)
    } finally {
      await iterator.close()
    }
  }

  #reading<T>(read: () => T): T {
    try {
      return read()
    } catch (cause) {
      throw this.#readError(cause)
    }
  }

  #readError(cause: unknown): StoreError {
    if (this.#closing !== undefined) return closedError(this.#location)
    const text = causeText(cause)
    if (this.#level.status !== 'open') {
      this.#reopening?.wanted()
      return openingError(this.#location, cause)
    }
    if (CORRUPT.test(text)) return corruptError(this.#location, text, cause)
    return new StoreError('STORE_FAILED', `reading ${this.#location} failed: ${text}`, {
      cause,
      data: { location: this.#location },
    })
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw closedError(this.#location)
  }
}

function closedError(location: string): StoreError {
  return new StoreError('STORE_CLOSED', `cannot use the store at ${location}: it is closed`, { data: { location } })
}

async function ensureWritable(location: string): Promise<void> {
  try {
    await mkdir(location, { recursive: true })
    await access(location, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw unwritable(location, cause)
  }
}

function unwritable(location: string, cause: unknown): StoreError {
  return new StoreError(
    'STORE_UNWRITABLE',
    `cannot write the store at ${location} (${causeText(cause)}); check the path, its owner and permissions, and that the disk has room`,
    { cause, data: { location } },
  )
}

/** No key is before it. */
const FIRST_KEY = Uint8Array.of(0)

function sizeOf(ops: readonly StoreOp[]): number {
  return ops.reduce((sum, op) => sum + op.key.byteLength + (op.type === 'put' ? op.value.byteLength : 0), 0)
}

// "Invalid argument" is what LevelDB says of a table that is shorter than a table can be.
const CORRUPT = /CORRUPT|does not exist|missing files|sstable|checksum|CURRENT|invalid argument/i

function corruptError(location: string, text: string, cause: unknown): StoreError {
  return new StoreError(
    'STORE_CORRUPT',
    `the store at ${location} cannot be read (${text}); move the directory away, start the node anew and let it fetch its state from peers`,
    { cause, data: { location } },
  )
}

function openError(location: string, cause: unknown): StoreError {
  const text = causeText(cause)
  const data = { location }
  if (/LOCKED|\block\b/i.test(text)) {
    return new StoreError(
      'STORE_LOCKED',
      `the store at ${location} is in use by another process (${text}); stop that node or choose another --home`,
      { cause, data },
    )
  }
  // Of files, as the directory itself is there: one that the store says it has is not.
  if (CORRUPT.test(text) || /no such file/i.test(text)) return corruptError(location, text, cause)
  if (/permission|read-only|EACCES|EROFS|ENOSPC|no space/i.test(text)) return unwritable(location, cause)
  return new StoreError('STORE_FAILED', `opening the store at ${location} failed: ${text}`, { cause, data })
}
