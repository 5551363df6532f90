// What V8 counts while code runs: how often each block of each function was executed, exactly and repeatably. A thread
// that measures starts before the code it measures is loaded, and is slower for it.
import { type Profiler, Session } from 'node:inspector'

export type ExecutedScript = Profiler.ScriptCoverage

export interface Executed {
  /** Since the last call. Of our own sources and of what they use. */
  take(): readonly ExecutedScript[]
}

export function countExecuted(): Executed {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return {
    take() {
      let scripts: readonly ExecutedScript[] = []
      session.post('Profiler.takePreciseCoverage', (error, { result }) => {
        if (error) throw error
        scripts = result.filter(({ url }) => url.startsWith('file:'))
      })
      return scripts
    },
  }
}

/** Blocks executed, all told: the measure of work. The fuzzer's own do not count. */
export function blocksIn(scripts: readonly ExecutedScript[]): number {
  let blocks = 0
  for (const { url, functions } of scripts) {
    if (url.includes('/node-runtime/fuzz/')) continue
    for (const { ranges } of functions) for (const { count } of ranges) blocks += count
  }
  return blocks
}
