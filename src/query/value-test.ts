// What a query asks of the value of a field. Types only.
import type { Comparison } from './comparison.ts'
import type { Regex } from './regex.ts'
import type { Pattern } from './wildcard.ts'

export type ValueTest =
  | { kind: 'value'; text: string; folded: string }
  | ({ kind: 'pattern' } & Pattern)
  | Regex
  | Comparison
