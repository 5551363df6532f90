// The port to shell scripts in containers of their own, whatever the nodes run as.

export interface ImageScript {
  /** On this machine. */
  readonly file: string
  readonly args: readonly string[]
  /** That the workflow file names, for its nodes. */
  readonly image?: { readonly name: string; readonly pull: boolean } | undefined
  /** Standard output and standard error as they come. */
  readonly onOutput: (text: string) => void
}

export interface ImageScripts {
  /** Throws DriverError where no script can be run here, with the reason. Makes nothing. */
  check(options: { readonly signal: AbortSignal }): Promise<void>
  /** Resolves with the exit code; an abort ends it at once. Nothing of it stays. */
  run(script: ImageScript, options: { readonly signal: AbortSignal }): Promise<number>
}
