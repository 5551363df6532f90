// Which methods a path has: what is asked for with another one is told apart from what is not there at all.
import type { Route } from './route.ts'

export type AllowedMethods = (path: string) => string[]

/** Sorted, each once; empty for a path that no route has. `path` without its query. */
export function allowedMethods(routes: readonly Pick<Route, 'method' | 'url'>[]): AllowedMethods {
  const known = routes.map(({ method, url }) => ({ method, path: patternOf(url) }))
  return (path) => {
    const methods = known.filter((route) => route.path.test(path)).map(({ method }) => method)
    return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))].toSorted()
  }
}

/** `/contexts/:id/join` and the same with a slash at the end. */
function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[^\w-]/g, '\\$&')))
  return new RegExp(`^${parts.join('/')}/?$`)
}
