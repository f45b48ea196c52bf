// How a format that was tried becomes a log endpoint: the commands of Fastly's command line, for this service's address.
import { address } from './api.ts'
import { button, h } from './dom.ts'
import { type Choice, commandsFor } from './fastly-commands.ts'
import { tell } from './keyed.ts'
import { openTokens } from './tokens-dialog.ts'

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
