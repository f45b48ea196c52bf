// What came in today, what will have by midnight, what happens at the limit, and how to have more.
import { bytes, count } from '../reading/units.ts'
import { get } from './api.ts'
import { openDialog } from './dialog.ts'
import { h, svg } from './dom.ts'
import { fill } from './form.ts'

interface Usage {
  day: string
  lines: number
  bytes: number
  dropped_lines: number
  daily_bytes: number
  projected_bytes?: number
  retention_days?: number
  plan?: string | null
  upgrade?: { command: string; url: string | null }
  at_limit?: string
  days?: { day: string; lines: number; bytes: number; dropped_lines: number }[]
}

export function openUsage(): void {
  const { body } = openDialog('Plan and usage', ['Loading…'], true)
  void fill(body, async () => {
    const usage = await get<Usage>('/usage')
    const percent = Math.floor((usage.bytes / usage.daily_bytes) * 100)
    const { projected_bytes: projected, upgrade, at_limit: atLimit, days = [] } = usage
    return [
      h(
        'p',
        {},
        h('strong', {}, `${bytes(usage.bytes)} of ${bytes(usage.daily_bytes)}`),
        ` today (${percent}%), ${count(usage.lines, 'line')}. The day ends at midnight UTC.`,
      ),
      ...(projected === undefined
        ? []
        : [h('p', {}, `At this rate it will be ${bytes(projected)} by then.`)]),
      ...(usage.dropped_lines > 0
        ? [
            h(
              'p',
              { class: 'wrong' },
              `${count(usage.dropped_lines, 'line')} above the daily volume were not kept.`,
            ),
          ]
        : []),
      ...(atLimit === undefined ? [] : [h('p', {}, atLimit)]),
      ...(usage.retention_days === undefined
        ? []
        : [
            h('p', {}, `Plan ${usage.plan ?? ''}: lines are kept for ${count(usage.retention_days, 'day')}.`),
          ]),
      ...(days.length === 0 ? [] : [daily(days, usage.daily_bytes)]),
      ...(upgrade === undefined
        ? []
        : [
            h('p', {}, 'To have more:'),
            h('code', { class: 'secret' }, upgrade.command),
            upgrade.url !== null && upgrade.url !== undefined
              ? h('p', {}, h('a', { href: upgrade.url }, 'or in the Heroku dashboard'))
              : '',
          ]),
    ]
  })
}

function daily(
  days: readonly { day: string; bytes: number; dropped_lines: number }[],
  dailyBytes: number,
): Node {
  const most = Math.max(dailyBytes / 20, ...days.map((day) => day.bytes))
  const width = 100 / days.length
  const image = svg(
    'svg',
    {
      class: 'daily',
      viewBox: '0 0 100 60',
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': `Volume of the last ${days.length} days`,
    },
    ...days
      .toSorted((a, b) => (a.day < b.day ? -1 : 1))
      .map(({ day, bytes: volume, dropped_lines }, at) => {
        const height = Math.max(0.5, (volume / most) * 56)
        return svg(
          'rect',
          {
            x: at * width + 0.5,
            y: 60 - height,
            width: width - 1,
            height,
            class: dropped_lines > 0 ? 'over' : '',
          },
          titled(`${day}: ${bytes(volume)}`),
        )
      }),
  )
  return h(
    'div',
    {},
    h('p', { class: 'quiet-text' }, `The last ${days.length} days, up to ${bytes(most)} a day`),
    image as unknown as HTMLElement,
  )
}

function titled(text: string): Node {
  const title = svg('title', {})
  title.textContent = text
  return title
}
