// Lines that are known to be missing, in a sentence. Pure.
import { count } from '../reading/units.ts'

const CAUSES: Record<string, string> = {
  logplex_overflow: 'dropped by Heroku’s Logplex before they reached us (L10)',
  shuttle_overflow: 'dropped inside the dyno, which printed faster than it could send (L12)',
  shuttle_loss: 'lost on the way from the dyno (L13)',
  count_mismatch: 'announced by the sender but not in what it sent',
  quota: 'above the daily volume of the plan and not kept',
  unavailable: 'refused because they could not be stored in time',
  too_many_lines: 'above the 10,000 lines that are taken of one delivery',
}

export function gapText(kind: string, lines: number): string {
  const are = lines === 1 ? 'is' : 'are'
  return `${count(lines, 'line')} ${are} missing here: ${CAUSES[kind] ?? 'lost'}.`
}
