// Why a format or a condition cannot be stored, and where in it. Pure.

export class Refusal extends Error {
  override name = 'Refusal'
  /** Counts characters of the text as it was given, from 0. */
  readonly at: number
  readonly reason: string

  constructor(at: number, reason: string) {
    super(`${reason}, at character ${at + 1}`)
    this.at = at
    this.reason = reason
  }
}
