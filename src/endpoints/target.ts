// Where a log endpoint may lead: to the public internet, and not back to us. What a name leads to is looked at again
// whenever it is called (src/outbound/outbound.ts).
import { readTargetUrl, type TargetRules } from '../outbound/target-url.ts'

export interface EndpointTargetRules extends TargetRules {
  /** Origins that lead to ourselves. */
  ourOrigins: readonly string[]
}

/** @throws Error with a sentence for whoever sent it */
export function checkTarget(text: string, { ourOrigins, ...rules }: EndpointTargetRules): void {
  const { host } = readTargetUrl(text, rules)
  if (ourOrigins.some((origin) => new URL(origin).host === host)) {
    throw new Error('this leads back to where the lines come from')
  }
}
