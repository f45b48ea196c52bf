// The reporter that the options of a command ask for.
import type { Reporter } from '../report.ts'
import { createJsonReporter } from '../reporters/json.ts'
import { createScreen } from '../reporters/screen.ts'
import { createTapReporter } from '../reporters/tap.ts'
import type { CommandContext } from './command.ts'

export interface ReportOptions {
  json: boolean
  tap: boolean
  /** Never shown. */
  secrets: readonly string[]
}

export function chooseReporter(
  { json, tap, secrets }: ReportOptions,
  { write, isTerminal, environment }: CommandContext,
): Reporter {
  if (json) return createJsonReporter(write, secrets)
  if (tap) return createTapReporter(write, secrets)
  // https://no-color.org
  return createScreen(write, { color: isTerminal === true && !environment.NO_COLOR, secrets })
}
