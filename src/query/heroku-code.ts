// Heroku's error codes: H of the router, R of the dynos, L of Logplex (Dev Center: "Heroku Error Codes"). Pure.
import { analysed } from './analysed.ts'

const IN_TEXT = /\bError ([HRL]\d\d)\b/
const SHAPE = /^[HRL]\d\d$/

/** `Error R14 (Memory quota exceeded)`, `Error L10 (output buffer overflow): …`; only where Heroku itself speaks. */
export function codeInText(source: string, message: string): string | undefined {
  return source === 'heroku' ? IN_TEXT.exec(analysed(message))?.[1] : undefined
}

export function isHerokuCode(text: string): boolean {
  return SHAPE.test(text)
}
