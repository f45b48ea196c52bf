// API tokens: for programs that read this resource's lines. A new one is shown once.
import { ageInWords } from '../reading/times.ts'
import { address, get, send } from './api.ts'
import { openDialog } from './dialog.ts'
import { button, h } from './dom.ts'
import { field, fill, formOf } from './form.ts'

interface Token {
  id: string
  name: string
  hint: string
  created_at: string
  last_used_at: string | null
}

export function openTokens(): void {
  const { body } = openDialog('API tokens', ['Loading…'])
  const show = (made: { name: string; token: string } | null) =>
    fill(body, async () => {
      const { tokens } = await get<{ tokens: Token[] }>('/tokens')
      return [
        h(
          'p',
          {},
          'With a token a program reads the lines of this add-on, and can keep its searches, alerts, rules and log endpoints. It cannot make another token. Whoever can open this page can make tokens and revoke them.',
        ),
        ...(made === null ? [] : [newToken(made.name, made.token)]),
        h(
          'ul',
          { class: 'entries' },
          ...tokens.map((token) =>
            h(
              'li',
              {},
              h(
                'span',
                { class: 'grow' },
                h('span', { class: 'name' }, token.name),
                ' ',
                h('code', {}, token.hint),
                h('span', { class: 'quiet-text' }, ` · ${used(token)}`),
              ),
              button('Revoke', () => void send('DELETE', `/tokens/${token.id}`).finally(() => show(null)), {
                class: 'danger',
                'aria-label': `Revoke ${token.name}`,
              }),
            ),
          ),
        ),
        formOf(
          [field('Name', 'name', { required: true, placeholder: 'What will use it' })],
          'Create a token',
          async ({ name = '' }) => {
            const { token } = await send<{ token: string }>('POST', '/tokens', { name })
            await show({ name, token })
          },
        ),
      ]
    })
  void show(null)
}

function newToken(name: string, token: string): Node {
  const tail = new URL(address('/tail'), location.href).href
  return h(
    'div',
    { class: 'form', role: 'status' },
    h('p', {}, `This is ${name}. It is not shown again:`),
    h('code', { class: 'secret' }, token),
    h('p', { class: 'quiet-text' }, 'Try it:'),
    h('code', { class: 'secret' }, `curl -N -H 'Authorization: Bearer ${token}' '${tail}?q=level:error'`),
  )
}

function used({ last_used_at }: Token): string {
  return last_used_at === null
    ? 'never used'
    : `used ${ageInWords(Date.now() - Date.parse(last_used_at))} ago`
}
