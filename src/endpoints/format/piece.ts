import type { LineFacts } from '../line-facts.ts'

/** A piece of a format: literal text, or what a line makes of it. */
export type Piece = string | ((line: LineFacts) => string)
