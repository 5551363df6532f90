import { systemRandom } from '../base/random.ts'
import { BlobStore } from '../blobs/blob-store.ts'
import { memoryDisk } from '../blobs/memory-disk.ts'
import { memoryStore } from '../store/memory.ts'
import { executorContract } from './executor-contract.ts'
import { inlineExecutor } from './inline-executor.ts'

executorContract('inline', async () => {
  const store = memoryStore()
  const blobDisk = memoryDisk()
  return {
    store,
    blobDisk,
    blobs: await BlobStore.open(blobDisk, systemRandom),
    executor: (options) => inlineExecutor({ store, blobs: blobDisk.guest, ...options }),
    close: () => store.close(),
  }
})
