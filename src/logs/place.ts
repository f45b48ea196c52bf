// A place in the order of a resource's lines: by the time they were sent, then by their receipt. Pure.
import { AppError } from '../errors.ts'

/** In microseconds since 1970. */
export interface Place {
  sentAt: number
  receivedAt: number
}

/** The same in every engine, so that a link to a line outlives a move. */
export function toCursor({ sentAt, receivedAt }: Place): string {
  return `${sentAt}-${receivedAt}`
}

/** @throws AppError invalid_params */
export function parseCursor(cursor: string): Place {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(cursor)
  if (!match) throw new AppError('invalid_params', { reason: 'the cursor is not one of ours' })
  return { sentAt: Number(match[1]), receivedAt: Number(match[2]) }
}
