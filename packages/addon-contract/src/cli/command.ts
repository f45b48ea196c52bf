// What a command is.

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
  /** All of it, for `<name> --help`. */
  help: string
  /** Resolves with the exit code. */
  run(args: string[], context: CommandContext): Promise<number>
}
