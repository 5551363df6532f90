// Every cap on what one guest call may use. The values are those of the reference host, so that an app that runs there
// runs here and the other way round. All but the last group decide the same on every machine.

const KIB = 1024
const MIB = 1024 * KIB

/** At each cap the call traps with kind `limit` and leaves no trace, unless the entry says otherwise. */
export const LIMITS = {
  /** A larger module is refused at inspection: it would be held in memory and compiled by every node. */
  moduleBytes: 20 * MIB,
  /** 64 MiB. Beyond it `memory.grow` answers -1, as for any guest; a module that starts with more is refused. */
  memoryPages: 1024,
  /** Elements of each function table. The engine alone would allow ten million, outside of the guest's memory. */
  tableElements: 100_000,
  methodNameBytes: 256,

  registers: 100,
  registerBytes: 100 * MIB,
  registersTotalBytes: 1024 * MIB,

  logs: 1024,
  logBytes: 16 * KIB,

  events: 100,
  eventKindBytes: 100,
  eventDataBytes: 16 * KIB,
  handlerNameBytes: 256,

  xcalls: 8,
  xcallMethodBytes: 100,
  xcallParamsBytes: 16 * KIB,

  /** The reference host knows 32-byte keys only; older apps use others, so any length up to this is served. */
  storageKeyBytes: MIB,
  storageValueBytes: 10 * MIB,
  /** Writes and removals of one call, shared and private together. */
  storageWrites: 100_000,
  storageWrittenBytes: 128 * MIB,

  /** Handles open at a time. */
  blobHandles: 100,
  /** Of one `blob_write` or `blob_read`. */
  blobWriteBytes: 10 * MIB,
  /** Written to blobs by one call. */
  blobTotalBytes: 512 * MIB,
  /** No value in the reference; as many as handles. */
  blobAnnouncements: 100,

  returnBytes: 16 * MIB,
  artifactBytes: 16 * MIB,
  /** Panic messages and locations are cut here, not refused: they explain a failure. */
  messageBytes: 16 * KIB,

  /** No value in the reference; bounded like events. */
  proposals: 100,
  proposalBytes: 16 * KIB,
  approvals: 100,
} as const

/** What the host spends on guests. None of these may decide the outcome of an apply. */
export const HOST_LIMITS = {
  /**
   * A call; then its worker is terminated and it ends as `timeout`. A third of the 30 s that HTTP clients wait: they
   * get the reason, also when the call waited its turn behind another that ran to the limit.
   */
  callLimitMs: 10_000,
  /** An apply; then it is parked. Longer, because a slow node must get through what a fast one could call. */
  applyLimitMs: 30_000,
  /** At least so many workers, also on few cores: guests that loop in some contexts leave one for the others. */
  workersMin: 4,
  /** Compiled modules kept; at the cap the least recently used is dropped and compiled again when needed. */
  cachedModules: 32,
  /** Committed values one run remembers, because guests read the same ancestors for every write. Then it reads again. */
  readCacheBytes: 32 * MIB,
  /** Heap of a worker, the guest's own memory not included; beyond it the worker dies and its job is `worker_lost`. */
  workerHeapMb: 512,
  /**
   * So much of it may fill before V8 looks for what is still used: of a call's instance and memory nothing is. From the few MiB that
   * a worker needs it would look at every 70th call, which costs as much as the calls. Then it looks at every 32 MiB of guests' memories.
   */
  workerHeapFirstMb: 64,
  /** Native stack of a worker. Recursion beyond it ends as `stack_overflow`. */
  workerStackMb: 4,
  /** An idle worker ends after this, so that an idle node holds none. */
  workerIdleMs: 60_000,
  /** Runs that wait for a worker. Each context has one at a time, so this is a cap on contexts; the next is refused. */
  waitingRuns: 10_000,
  /** Named to who called one that is not there; the rest are counted. */
  namedMethods: 30,
  /** Compared with that name; of a module with more, the rest cannot be what was meant. */
  comparedMethods: 1_000,
} as const
