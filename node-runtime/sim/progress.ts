// A line now and then for who watches a long run; nothing where nobody does.
import { PROGRESS_EVERY_MS } from './limits.ts'

interface Watched {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export type Progress = (text: () => string) => void

/** `nowMs`: of any clock that goes on. */
export function progressOn(stream: Watched, nowMs: () => number): Progress {
  let saidMs = nowMs()
  return (text) => {
    const now = nowMs()
    if (!stream.isTTY || now - saidMs < PROGRESS_EVERY_MS) return
    saidMs = now
    stream.write(`${text()}\n`)
  }
}
