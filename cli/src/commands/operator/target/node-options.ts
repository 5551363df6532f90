// What every operator command takes: which node, who asks, and how it answers.
import type { Command } from 'commander'

export interface NodeOptions {
  readonly node?: string
  readonly token?: string
  readonly username?: string
  readonly password?: string
  readonly timeout?: number
  readonly json?: boolean
}

export function withNodeOptions(command: Command, parseSeconds: (text: string) => number): Command {
  return command
    .option('-n, --node <node>', 'name of a node of this directory, or an http address (default: CALBOX_NODE)')
    .option('--token <token>', 'access token (better: CALBOX_TOKEN)')
    .option('--username <name>', 'log in for this command only (calbox login keeps it)')
    .option('--password <password>', 'with --username (better: CALBOX_PASSWORD)')
    .option('--timeout <seconds>', 'for the node to answer', parseSeconds)
    .option('--json', 'what the node answered, as JSON')
}
