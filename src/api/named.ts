// What people name and keep: searches, alerts, rules.
import { z } from 'zod'

/** Shown in lists, in messages and in the subject of an e-mail. */
export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'must be one line')

/** A search that is kept. */
export const keptQuerySchema = z
  .string()
  .trim()
  .max(500)
  .refine((q) => !q.includes('\0'), 'must not hold a NUL')

export const instant = z.iso.datetime()
