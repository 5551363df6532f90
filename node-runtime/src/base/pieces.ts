// Long work that can be cut: a generator that yields after each piece. Whoever runs it may let others have their turn there,
// as long as they cannot get at what it works on.

/** Short work yields nothing. */
export type InPieces<T = void> = Generator<void, T, void>

/** All of it in one go. */
export function atOnce<T>(work: InPieces<T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
