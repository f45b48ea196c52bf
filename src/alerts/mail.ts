// E-mail over the operator's SMTP server: plain text, one receiver.
import { createTransport } from 'nodemailer'

export interface Mail {
  to: string
  subject: string
  text: string
  /** The same in each try, so that mail programs show a message that comes twice once. */
  messageId: string
}

/** Its message may be shown: it never holds the server's password. */
export class MailError extends Error {
  override name = 'MailError'
}

export interface Mailer {
  /** @throws MailError */
  send(mail: Mail): Promise<void>
  close(): void
}

const TIMEOUT_MS = 10_000

/** @param smtpUrl smtp://user:password@host:587, or smtps:// for TLS from the start; STARTTLS is used where offered. */
export function createMailer({ smtpUrl, from }: { smtpUrl: string; from: string }): Mailer {
  const transport = createTransport(
    {
      url: smtpUrl,
      pool: true,
      maxConnections: 2,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      dnsTimeout: TIMEOUT_MS,
      // Nothing of ours is a file or an address to be fetched.
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  )
  const domain = /@([^@>\s]+)>?$/.exec(from)?.[1] ?? 'culvert.invalid'
  return {
    async send({ to, subject, text, messageId }) {
      try {
        await transport.sendMail({
          to: { name: '', address: to },
          subject,
          text,
          messageId: `<${messageId}@${domain}>`,
          headers: { 'auto-submitted': 'auto-generated' },
        })
      } catch (error) {
        throw new MailError(reasonOf(error), { cause: error })
      }
    },
    close: () => transport.close(),
  }
}

/** What a server answers may quote anything; its code and ours name the cause. */
function reasonOf(error: unknown): string {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown }
  const what = [code, responseCode].filter((part) => typeof part === 'string' || typeof part === 'number')
  return `the mail server did not take it (${what.join(' ') || 'no reason given'})`
}
