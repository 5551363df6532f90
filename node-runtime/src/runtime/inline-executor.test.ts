import { memoryStore } from '../store/memory.ts'
import { executorContract } from './executor-contract.ts'
import { inlineExecutor } from './inline-executor.ts'

executorContract('inline', async () => {
  const store = memoryStore()
  return {
    store,
    executor: (options) => inlineExecutor({ store, ...options }),
    close: () => store.close(),
  }
})
