// The program of a guest worker thread. It reads the node's store and writes nothing: what guests change goes back to
// the main thread as outcomes. It may be terminated at any point.
import { parentPort, workerData } from 'node:worker_threads'
import { systemRandom } from '../base/random.ts'
import { fileGuestDisk } from '../blobs/file-disk.ts'
import { openLevelStore } from '../store/level.ts'
import { blobAccess } from './blob-access.ts'
import { committedState } from './committed-state.ts'
import { isMachineFailure } from './guest-executor.ts'
import { runJobs } from './run-jobs.ts'
import { RunState } from './run-state.ts'
import {
  portableOutcome,
  type SentRequest,
  transferList,
  type WorkerMessage,
  type WorkerSettings,
} from './threads/guest-worker-messages.ts'
import { ReceivedModules } from './threads/known-modules.ts'

const port = parentPort
if (!port) throw new Error('guest-worker.ts must be started as a worker thread')

const settings = workerData as WorkerSettings
const store = await openLevelStore(settings.storeLocation, { readonlyWorker: true })
const disk = settings.blobFolder === undefined ? undefined : fileGuestDisk(settings.blobFolder)
const modules = new ReceivedModules()
const say = (message: WorkerMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)

async function answer({
  module: named,
  source,
  jobs,
  blobRun,
  budgetMs = Number.POSITIVE_INFINITY,
}: SentRequest): Promise<void> {
  const endMs = performance.now() + budgetMs
  const snapshot = store.snapshot()
  try {
    const module = modules.take(named)
    const state = new RunState(committedState(snapshot, source), source)
    const blobs = disk && blobRun !== undefined ? blobAccess(disk, blobRun, snapshot, source) : undefined
    let index = 0
    for (const ended of runJobs(jobs, { module, state, random: systemRandom, blobs, guard: (_, body) => body() })) {
      const outcome = portableOutcome(ended)
      const isLast = index === jobs.length - 1 || isMachineFailure(ended) || performance.now() >= endMs
      say({ type: 'outcome', outcome, isLast }, jobs[index]?.keep ? [] : transferList(outcome))
      index += 1
      if (isLast) break
    }
  } catch (error) {
    say({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  } finally {
    await snapshot.close()
  }
}

port.on('message', (request: SentRequest) => void answer(request))
say({ type: 'ready' })
