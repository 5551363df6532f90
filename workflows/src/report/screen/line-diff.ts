// Which lines of two texts are the same: rows for two columns. Pure; texts are bounded by the caller.

export interface LinePair {
  /** Absent: the line is only on the other side. */
  readonly left?: string
  readonly right?: string
}

/** Rows in order; lines that were changed stand beside each other. Takes |left| × |right| steps. */
export function pairLines(left: readonly string[], right: readonly string[]): LinePair[] {
  const common = commonLengths(left, right)
  const rows: LinePair[] = []
  let onlyLeft: string[] = []
  let onlyRight: string[] = []
  const flush = () => {
    for (let at = 0; at < Math.max(onlyLeft.length, onlyRight.length); at += 1) {
      const [a, b] = [onlyLeft[at], onlyRight[at]]
      rows.push({ ...(a !== undefined && { left: a }), ...(b !== undefined && { right: b }) })
    }
    onlyLeft = []
    onlyRight = []
  }
  let [i, j] = [0, 0]
  while (i < left.length || j < right.length) {
    const [a, b] = [left[i], right[j]]
    if (a !== undefined && a === b) {
      flush()
      rows.push({ left: a, right: a })
      i += 1
      j += 1
    } else if (b === undefined || (a !== undefined && lengthAt(common, i + 1, j) >= lengthAt(common, i, j + 1))) {
      if (a !== undefined) onlyLeft.push(a)
      i += 1
    } else {
      onlyRight.push(b)
      j += 1
    }
  }
  flush()
  return rows
}

/** `[i][j]`: how many lines the rests from i and j have in common, in order. */
function commonLengths(left: readonly string[], right: readonly string[]): number[][] {
  const lengths: number[][] = Array.from({ length: left.length + 1 }, () => new Array(right.length + 1).fill(0))
  for (let i = left.length - 1; i >= 0; i -= 1) {
    const row = lengths[i] ?? []
    for (let j = right.length - 1; j >= 0; j -= 1) {
      row[j] =
        left[i] === right[j]
          ? lengthAt(lengths, i + 1, j + 1) + 1
          : Math.max(lengthAt(lengths, i + 1, j), lengthAt(lengths, i, j + 1))
    }
  }
  return lengths
}

function lengthAt(lengths: readonly number[][], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0
}
