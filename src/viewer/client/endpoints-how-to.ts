// How a format that was tried becomes a log endpoint: the commands of Fastly's command line, for this service's address.
import { address } from './api.ts'
import { button, h } from './dom.ts'
import { tell } from './keyed.ts'
import { openTokens } from './tokens-dialog.ts'

/** What the preview shows. */
export interface Choice {
  /** Null where the resource has none. */
  serviceId: string | null
  /** Of the log endpoint; null for one that is to be made. */
  name: string | null
  format: string
  formatVersion: 1 | 2
}

export interface HowTo {
  show(choice: Choice): void
}

export function openHowTo(at: HTMLElement): HowTo {
  const title = h('h2')
  const commands = h('pre', { class: 'secret', tabindex: '0', 'aria-label': 'Commands' })
  const { origin } = new URL(address(''), location.href)
  at.replaceChildren(
    title,
    h(
      'p',
      {},
      'Log endpoints are made and changed with Fastly’s command line, SDKs or Terraform provider. First make an API token of this add-on, which is the key: ',
      button('API tokens…', () => openTokens()),
      ' Then:',
    ),
    commands,
    h(
      'p',
      { class: 'quiet-text' },
      'A version that is active cannot be changed: --autoclone makes the next one, and it streams once it is activated. A condition is stored by itself, and named with --response-condition.',
    ),
  )
  return {
    show(choice) {
      tell(title, choice.name === null ? 'Make a log endpoint' : `Change ${choice.name}`)
      tell(commands, commandsFor(origin, choice))
    },
  }
}

export function commandsFor(origin: string, { serviceId, name, format, formatVersion }: Choice): string {
  const id = serviceId ?? '$ID'
  const shape = `--format ${quoted(format)}${formatVersion === 1 ? ' --format-version 1' : ''}`
  const change =
    name === null
      ? `create --service-id ${id} --version latest --autoclone --name my-app \\\n  --url https://1.us.logplex.io/logs --auth-token t.… \\\n  ${shape}`
      : `update --service-id ${id} --version latest --autoclone --name ${quoted(name)} \\\n  ${shape}`
  return [
    `export FASTLY_API_ENDPOINT=${origin} FASTLY_ACCOUNT_ENDPOINT=${origin} FASTLY_API_TOKEN=culvert_…`,
    ...(serviceId === null ? ['fastly service create --name logs   # prints the $ID'] : []),
    `fastly service logging heroku ${change}`,
    `fastly service version activate --service-id ${id} --version latest`,
  ].join('\n')
}

/** For a shell, whatever is in it. */
function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
