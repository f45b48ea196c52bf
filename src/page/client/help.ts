// The help: keys and the language of the search, without leaving the page.
import { openDialog } from './dialog.ts'
import { h } from './dom.ts'
import { KEYS } from './keyboard.ts'

const SYNTAX: readonly (readonly [query: string, text: string])[] = [
  ['timeout checkout', 'both words, anywhere in the line'],
  ['"could not connect"', 'exactly this'],
  ['-debug', 'without it'],
  ['timeout OR (error payment)', 'one or the other'],
  ['GET*checkout', 'anything where the star is'],
  ['/took \\d{4,}ms/', 'a regular expression'],
  ['status:500  path:/cart/*', 'a key of router, metrics, key=value or JSON lines'],
  ['status:>=500  service:>1s', 'by number, with units'],
  ['dyno:web.1  dyno:web  app:shop', 'of a dyno, a type of dyno, an app'],
  ['level:error  level:>=warn', 'as bad as that'],
  ['code:H12  code:R*', 'Heroku’s H, R and L codes'],
]

export function openHelp(): void {
  openDialog('Keys and search', [
    h('h3', {}, 'Keys'),
    h(
      'dl',
      { class: 'keys' },
      ...KEYS.flatMap(([keys, text]) => [
        h('dt', {}, ...keys.split('  ').flatMap((key, at) => [at > 0 && ' ', h('kbd', {}, key)])),
        h('dd', {}, text),
      ]),
    ),
    h('h3', {}, 'Mouse'),
    h(
      'p',
      {},
      'Click a value, a process or a request id to see only lines with it; Alt-click to see lines without it. Click a line to open it.',
    ),
    h('h3', {}, 'Search'),
    h(
      'table',
      { class: 'syntax' },
      h(
        'tbody',
        {},
        ...SYNTAX.map(([query, text]) => h('tr', {}, h('td', {}, h('code', {}, query)), h('td', {}, text))),
      ),
    ),
  ])
}
