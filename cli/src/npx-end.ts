// npx hands a signal on to its shell only. That shell ends, and nobody tells us: it is seen by the parent, which is another.

/** How late it may be seen. */
const LOOK_MS = 250

/** `ended`: once. Nobody else than npx starts us for as long as it runs itself: `calbox run … &` outlives its shell on purpose. */
export function onNpxEnd(env: NodeJS.ProcessEnv, ended: () => void): void {
  if (env.npm_lifecycle_event !== 'npx') return
  const parent = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    ended()
  }, LOOK_MS)
  looking.unref()
}
