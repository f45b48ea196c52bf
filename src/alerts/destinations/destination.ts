// Where the messages of an alert may go. One kind of destination is one file here and a line in destinations.ts.
import type { Outbound } from '../../outbound/outbound.ts'
import type { SecretBox } from '../../secrets/secret-box.ts'
import type { Mailer } from '../mail.ts'
import type { MailBudget } from '../mail-budget.ts'
import type { LinkTo, MessageContent } from '../message.ts'

/** What this service can do, which decides about an address. */
export interface DestinationRules {
  /** Webhooks may lead to our own network: in development. */
  allowInside: boolean
  /** E-mail can be sent. */
  hasMail: boolean
}

export interface OutgoingMessage {
  id: string
  content: MessageContent
  linkTo: LinkTo
}

export interface SendParts {
  outbound: Outbound
  /** Null: no server was named, and nothing can be mailed. */
  mailer: Mailer | null
  mailBudget: MailBudget
  signal?: AbortSignal
}

/** Why a receiver did not take a message, as a sentence for people that holds no secret. */
export interface Refusal {
  reason: string
  /** Another try may do. */
  mayPass: boolean
}

export interface Destination {
  /** The column of `alert` with its address; null where an alert has none. Its other columns are shown only. */
  column: string
  /** The address, of what the column holds. */
  open(stored: unknown, resourceId: string, box: Pick<SecretBox, 'open'>): string
  /** Milliseconds that a message has to wait for its turn. */
  waitMs(resourceNumber: number, parts: SendParts): number
  /** @returns null where the receiver took it @throws what no sentence stands for */
  send(address: string, message: OutgoingMessage, parts: SendParts): Promise<Refusal | null>
}
