// A sorted set of strings in chunks: insert and delete cost about the square root of the size, with no tree to balance.

const CHUNK_MAX = 512

export class SortedKeys {
  readonly #chunks: string[][] = []

  add(key: string): void {
    const index = this.#chunkOf(key)
    const chunk = this.#chunks[index]
    if (chunk === undefined) {
      const last = this.#chunks.at(-1)
      if (last === undefined) this.#chunks.push([key])
      else this.#insert(this.#chunks.length - 1, last, last.length, key)
      return
    }
    const at = lowerBound(chunk, key)
    if (chunk[at] !== key) this.#insert(index, chunk, at, key)
  }

  delete(key: string): void {
    const index = this.#chunkOf(key)
    const chunk = this.#chunks[index]
    if (chunk === undefined) return
    const at = lowerBound(chunk, key)
    if (chunk[at] !== key) return
    chunk.splice(at, 1)
    if (chunk.length === 0) this.#chunks.splice(index, 1)
  }

  /** Keys with `gte` <= key < `lt`, ascending. */
  range(gte: string, lt: string, limit: number): string[] {
    const out: string[] = []
    for (let index = this.#chunkOf(gte); index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index] ?? []
      for (let at = lowerBound(chunk, gte); at < chunk.length; at += 1) {
        const key = chunk[at]
        if (key === undefined || key >= lt || out.length >= limit) return out
        out.push(key)
      }
    }
    return out
  }

  #insert(index: number, chunk: string[], at: number, key: string): void {
    chunk.splice(at, 0, key)
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(index + 1, 0, chunk.splice(CHUNK_MAX / 2))
  }

  /** The first chunk whose last key is not below `key`; the number of chunks when there is none. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const last = this.#chunks[middle]?.at(-1)
      if (last !== undefined && last < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const value = sorted[middle]
    if (value !== undefined && value < key) low = middle + 1
    else high = middle
  }
  return low
}
