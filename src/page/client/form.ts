// Forms in dialogs: labelled fields, and what the service says where it refuses.
import { sentence } from './api.ts'
import { h } from './dom.ts'

export interface FieldOptions {
  type?: string
  value?: string
  placeholder?: string
  required?: boolean
  min?: number
  max?: number
  look?: string
}

export function field(label: string, name: string, options: FieldOptions = {}): HTMLLabelElement {
  const { type = 'text', look = '', ...rest } = options
  return h(
    'label',
    { class: `field ${type === 'number' ? 'number' : ''} ${look}`.trim() },
    h('span', {}, label),
    h('input', { name, type, autocomplete: 'off', maxlength: type === 'text' ? '2000' : null, ...rest }),
  )
}

export function choice(
  label: string,
  name: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen = '',
): HTMLLabelElement {
  return h(
    'label',
    { class: 'field' },
    h('span', {}, label),
    h(
      'select',
      { name },
      ...options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)),
    ),
  )
}

/** A form that says what went wrong and stays as it was filled in. `act` gets the fields by name, trimmed. */
export function formOf(
  content: readonly Node[],
  submit: string,
  act: (values: Record<string, string>) => Promise<void>,
): HTMLFormElement {
  const wrong = h('p', { class: 'wrong', role: 'alert' })
  const go = h('button', { type: 'submit', class: 'primary' }, submit)
  const form = h('form', {}, ...content, wrong, h('div', { class: 'buttons' }, go))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    wrong.textContent = ''
    go.disabled = true
    const values = Object.fromEntries(
      [...new FormData(form)].map(([name, value]) => [name, String(value).trim()]),
    )
    act(values)
      .catch((error: unknown) => {
        wrong.textContent = sentence(error)
      })
      .finally(() => {
        go.disabled = false
      })
  })
  return form
}

/** Loads what a dialog shows, again after each change; says so where that fails. */
export async function fill(
  body: HTMLElement,
  load: () => Promise<readonly (Node | string)[]>,
): Promise<void> {
  body.setAttribute('aria-busy', 'true')
  try {
    body.replaceChildren(...(await load()))
  } catch (error) {
    body.replaceChildren(h('p', { class: 'wrong', role: 'alert' }, sentence(error)))
  }
  body.removeAttribute('aria-busy')
}
