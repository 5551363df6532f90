// What a command may touch of the process around it. `main.ts` makes one; tests make their own.

export interface CommandEdge {
  /** Where `data/` and `.calbox/` are. */
  readonly cwd: string
  readonly stdout: TextOutput
  readonly stderr: TextOutput
  /** The standard output, for bytes that are no text. */
  readonly bytesOut?: NodeJS.WritableStream
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  /** Aborts at the first SIGINT or SIGTERM; its reason is an InterruptedError. */
  readonly signal: AbortSignal
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface TextOutput {
  readonly isTTY?: boolean | undefined
  write(text: string): unknown
}

/** The process as it is, for a `main.ts` that brings only the signal. */
export function processEdge(signal: AbortSignal): CommandEdge {
  const { stdout, stderr, env } = process
  return {
    cwd: process.cwd(),
    stdout,
    stderr,
    bytesOut: stdout,
    // Made when it is first asked for, which few commands do.
    get stdin() {
      return process.stdin
    },
    signal,
    env,
  }
}
