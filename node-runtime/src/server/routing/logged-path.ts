// What of a request's address may stand in a log. Pure.

/** Without its query: that may have a token in it. */
export function loggedPath(url: string | undefined): string {
  return url?.split('?')[0] ?? ''
}
