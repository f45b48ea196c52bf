// Parses the values of options.
import { CannotRun } from '../addon.ts'

/** @throws CannotRun */
export function readPort(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CannotRun(`${name} must be a port, 0 to 65535, not "${text}".`)
  return port
}

/** @throws CannotRun */
export function readSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 3_600))
    throw new CannotRun(`--wait must be 1 to 3600 seconds, not "${text}".`)
  return seconds
}

/** @throws CannotRun */
export function readOrigin(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (!/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : ''))
    throw new CannotRun(`--deliver-to must be an origin like http://localhost:5000, not "${text}".`)
  return new URL(text).origin
}
