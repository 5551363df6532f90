/** What a route of a fixture node answers with when it does not answer 200. */
export class FixtureHttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
