// An opened line: every field, each with what narrows the search to it or excludes it, and what can be
// done with the line. Everything that the mouse can do in a row is a button here.

import { herokuCode } from '../../query/heroku-codes.ts'
import { plainText } from '../reading/line.ts'
import type { Zone } from '../reading/times.ts'
import { h } from './dom.ts'
import { fieldsOf, indentedJson } from './pretty.ts'
import type { LineRow } from './rows.ts'

export function detailView(row: LineRow, zone: Zone): HTMLElement {
  const { line } = row
  const known = line.code === null ? undefined : herokuCode(line.code)
  const json = indentedJson(line.message)
  return h(
    'div',
    { class: 'detail' },
    h(
      'div',
      { class: 'detail-tools' },
      act('context', 'Show context', 'c'),
      act('link', 'Copy link', 'y'),
      act('copy', 'Copy text', null),
      line.process === null ? null : act('exclude', `Exclude ${line.process}`, 'x'),
    ),
    known === undefined
      ? null
      : h(
          'p',
          { class: 'explained' },
          h('strong', {}, known.code),
          ` ${known.meaning}. `,
          h('a', { href: known.url, target: '_blank', rel: 'noreferrer' }, 'Heroku’s Dev Center on it'),
        ),
    h(
      'table',
      { class: 'fields' },
      h(
        'tbody',
        {},
        ...fieldsOf(line, zone).map(({ name, value, term }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, name),
            h(
              'td',
              { class: 'field-tools' },
              term !== null && narrow(term, false, `Only lines with ${name} ${value}`, '+'),
              term !== null && narrow(term, true, `Without lines with ${name} ${value}`, '−'),
            ),
            h('td', { class: 'field-value' }, value),
          ),
        ),
      ),
    ),
    json !== null && h('pre', { class: 'pretty' }, json),
    h('pre', { class: 'plain' }, [line, ...row.more].map(plainText).join('\n')),
  )
}

function act(name: string, text: string, key: string | null): HTMLElement {
  return h('button', { type: 'button', 'data-act': name }, text, key !== null && h('kbd', {}, key))
}

function narrow(term: string, excludes: boolean, label: string, text: string): HTMLElement {
  return h(
    'button',
    {
      type: 'button',
      class: 'narrow',
      [excludes ? 'data-exclude' : 'data-term']: term,
      'aria-label': label,
      title: excludes ? `-${term}` : term,
    },
    text,
  )
}
