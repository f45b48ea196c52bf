// What a command of `culvert` is.

export interface CommandContext {
  /** The process's, read by the entry file. */
  environment: Record<string, string | undefined>
  /** Whether standard output is a terminal. Default: false. */
  isTerminal?: boolean
  write(text: string): void
  writeError(text: string): void
}

export interface Command {
  name: string
  summary: string
  /** All of it, for `culvert <name> --help`. Without it, the command answers that itself. */
  help?: string
  /** Resolves with the exit code. @throws UsageError */
  run(args: string[], context: CommandContext): Promise<number>
}
