/** Written as it is, for responses that hold JSON text of a guest, or another status. */
export class RawResponse {
  readonly status: number
  readonly text: string | Buffer
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, text: string | Buffer, headers: Readonly<Record<string, string>> = {}) {
    this.status = status
    this.text = text
    this.headers = headers
  }
}
