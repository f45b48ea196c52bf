// A message as an e-mail. The address is no secret: it is stored and shown as it is.
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { MailError } from '../mail.ts'
import { writeMessage } from '../message.ts'
import type { Destination, DestinationRules } from './destination.ts'

export const email = {
  asked: z.email().max(254).nullable().optional(),
  shown: z.string(),
  column: 'email',

  /** @throws AppError invalid_params */
  read(asked: string | null | undefined, { hasMail }: DestinationRules): string | null {
    if (typeof asked === 'string' && !hasMail) {
      throw new AppError('invalid_params', { reason: 'to.email: this service sends no e-mail' })
    }
    return asked ?? null
  },

  open: (stored: unknown): string => stored as string,

  waitMs: (resourceNumber, { mailBudget }) => mailBudget.take(resourceNumber),

  async send(to, { id, content, linkTo }, { mailer }) {
    if (mailer === null) return { reason: 'this service sends no e-mail', mayPass: false }
    const { subject, text } = writeMessage(content, linkTo)
    try {
      await mailer.send({ to, subject, text: `${text}\n`, messageId: id })
      return null
    } catch (error) {
      if (error instanceof MailError) return { reason: error.message, mayPass: true }
      throw error
    }
  },
} satisfies Destination & Record<string, unknown>
