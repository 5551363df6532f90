// Numbers of things in words.

export function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}

/** `18 steps`, `18 steps and 3 nested`: the same words wherever the steps of a file are counted. */
export function countedSteps(steps: number, nested: number): string {
  return nested === 0 ? counted(steps, 'step') : `${counted(steps, 'step')} and ${nested} nested`
}
