// What a command is and gets.

export interface CommandContext {
  /** What the user typed to start it, for help and messages: `heroku-addon-contract`. */
  program: string
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
  /** The answer to `<program> <name> --help`. */
  help(program: string): string
  /** Resolves with the exit code. */
  run(args: string[], context: CommandContext): Promise<number>
}
