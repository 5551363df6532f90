// What `calnode` starts: turns the compile cache on before anything large is loaded, which halves the start, and writes
// it out early, because a node that is killed never would.
import { enableCompileCache, flushCompileCache } from 'node:module'

const FLUSH_AFTER_MS = 2000

enableCompileCache()
setTimeout(() => flushCompileCache(), FLUSH_AFTER_MS).unref()
await import('./main.ts')
