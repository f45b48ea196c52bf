// How many lines there were over time, in 40 pixels: after the lines, never before them, and not asked for at all while it
// is hidden. Dragging over it shows that span of time. Bars come newest first, as they are counted.
import { fullTime } from '../reading/times.ts'
import { count } from '../reading/units.ts'
import { address, listen } from './api.ts'
import { barsIn, type Counted, spanOfChart } from './chart-bars.ts'
import { h, part, svg } from './dom.ts'
import { writeState } from './view-state.ts'
import type { Viewer } from './viewer.ts'

const BARS = 120
/** While live, the newest part is counted again this often. */
const REFRESH_MS = 20_000
/** The lines first. */
const AFTER_MS = 150
const HEIGHT = 40

interface Answer extends Counted {
  complete: boolean
  counted_to: string | null
}

export function openChart(viewer: Viewer): () => void {
  const chart = part('chart')
  const tip = h('div', { class: 'tip', hidden: true })
  const ends = h('div', { class: 'ends', 'aria-hidden': 'true' })
  let counted: Answer | null = null
  let stop: (() => void) | null = null
  let askedFor = ''
  let askAgainAt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let brush: { from: number; to: number } | null = null

  const ask = () => {
    const stage = viewer.current
    if (stage === null) return
    stop?.()
    const { from, to } = spanOfChart(stage.state, Date.now())
    const parameters = {
      q: stage.state.q,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      bars: BARS,
    }
    // A place of its own for what is being counted: the old bars stay in sight until there are new ones.
    let fresh: Answer | null = null
    const take = (part: Answer) => {
      fresh = fresh === null ? part : { ...part, bars: mergeBars(fresh.bars, part.bars) }
      counted = fresh
      draw()
    }
    const end = () => {
      stop?.()
      stop = null
    }
    stop = listen(
      address('/histogram', parameters),
      {
        bars: take,
        done: (last: Partial<Answer>) => {
          if (counted !== null) counted = { ...counted, ...last, bars: last.bars ?? counted.bars }
          end()
          draw()
        },
      },
      { onBroken: end, onWaiting: end },
    )
    askAgainAt = Date.now() + REFRESH_MS
  }

  const draw = () => {
    if (counted === null) return
    const { bars, most } = barsIn(counted, BARS)
    const children: Node[] = []
    const to = counted.complete || counted.counted_to === null ? null : Date.parse(counted.counted_to)
    for (const [at, bar] of bars.entries()) {
      const isCounted = to === null || bar.at >= to
      const height = (lines: number) => (lines === 0 ? 0 : Math.max(1, (lines / most) * (HEIGHT - 2)))
      const rect = (look: string, size: number, above: number) =>
        svg('rect', { class: look, x: at * 10 + 1, y: HEIGHT - above - size, width: 8, height: size })
      if (!isCounted && bar.lines === 0) children.push(rect('uncounted', HEIGHT - 2, 0))
      const errors = height(bar.errors)
      const warnings = Math.min(height(bar.warnings), Math.max(0, height(bar.lines) - errors))
      const lines = Math.max(0, height(bar.lines) - errors - warnings)
      if (errors > 0) children.push(rect('errors', errors, 0))
      if (warnings > 0) children.push(rect('warnings', warnings, errors))
      if (lines > 0) children.push(rect('lines', lines, errors + warnings))
    }
    if (brush !== null) {
      const x = Math.min(brush.from, brush.to) * BARS * 10
      children.push(
        svg('rect', {
          class: 'brush',
          x,
          y: 0,
          width: Math.abs(brush.to - brush.from) * BARS * 10,
          height: HEIGHT,
        }),
      )
    }
    const total = bars.reduce((sum, bar) => sum + bar.lines, 0)
    const image = svg(
      'svg',
      {
        viewBox: `0 0 ${BARS * 10} ${HEIGHT}`,
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': `${count(total, 'line')} from ${fullTime(counted.from, 'utc')} to ${fullTime(counted.to, 'utc')}`,
      },
      ...children,
    )
    const edge = (time: string) => h('span', {}, fullTime(time, viewer.preferences.zone).slice(0, 16))
    ends.replaceChildren(edge(counted.from), edge(counted.to))
    chart.replaceChildren(image, ends, tip)
  }

  const shareAt = (event: PointerEvent) => {
    const { left, width } = chart.getBoundingClientRect()
    return Math.max(0, Math.min(1, (event.clientX - left) / width))
  }
  const timeAt = (share: number) => {
    const from = Date.parse(counted?.from ?? '')
    return from + share * (Date.parse(counted?.to ?? '') - from)
  }
  chart.addEventListener('pointerdown', (event) => {
    if (counted === null || event.button !== 0) return
    chart.setPointerCapture(event.pointerId)
    brush = { from: shareAt(event), to: shareAt(event) }
  })
  chart.addEventListener('pointermove', (event) => {
    if (counted === null) return
    const share = shareAt(event)
    if (brush !== null) {
      brush.to = share
      draw()
    }
    showTip(tip, chart, share, counted, viewer)
  })
  chart.addEventListener('pointerleave', () => {
    tip.hidden = true
  })
  chart.addEventListener('pointerup', () => {
    if (brush === null) return
    const [from, to] = [Math.min(brush.from, brush.to), Math.max(brush.from, brush.to)]
    brush = null
    // A click is a bar, a drag a span.
    if (to - from > 1 / BARS) viewer.zoom(timeAt(from), timeAt(to))
    else viewer.zoom(timeAt(Math.floor(from * BARS) / BARS), timeAt((Math.floor(from * BARS) + 1) / BARS))
  })
  chart.addEventListener('pointercancel', () => {
    brush = null
  })

  return () => {
    const stage = viewer.current
    const isWanted = viewer.preferences.showsHistogram && stage !== null && stage.mode !== 'context'
    chart.hidden = !isWanted
    if (!isWanted) {
      clearTimeout(timer)
      timer = undefined
      stop?.()
      stop = null
      askedFor = ''
      return
    }
    const wanted = writeState({ ...stage.state, line: null })
    const isOld = stage.mode === 'live' && Date.now() > askAgainAt && document.visibilityState === 'visible'
    if (wanted === askedFor && (!isOld || stop !== null)) return
    if (wanted !== askedFor) {
      clearTimeout(timer)
      timer = undefined
    }
    askedFor = wanted
    timer ??= setTimeout(() => {
      timer = undefined
      ask()
    }, AFTER_MS)
  }
}

function mergeBars(before: Counted['bars'], came: Counted['bars']): Counted['bars'] {
  const byTime = new Map(before.map((bar) => [bar.at, bar]))
  for (const bar of came) byTime.set(bar.at, bar)
  return [...byTime.values()]
}

function showTip(
  tip: HTMLElement,
  chart: HTMLElement,
  share: number,
  counted: Counted,
  viewer: Viewer,
): void {
  const { bars } = barsIn(counted, BARS)
  const bar = bars[Math.min(BARS - 1, Math.floor(share * BARS))]
  if (bar === undefined) return
  const parts = [
    fullTime(new Date(bar.at).toISOString(), viewer.preferences.zone).slice(0, 19),
    count(bar.lines, 'line'),
  ]
  if (bar.errors > 0) parts.push(count(bar.errors, 'error'))
  if (bar.warnings > 0) parts.push(count(bar.warnings, 'warning'))
  tip.textContent = parts.join(' · ')
  tip.hidden = false
  const room = chart.clientWidth - tip.offsetWidth - 4
  tip.style.left = `${Math.max(4, Math.min(room, share * chart.clientWidth + 10))}px`
}
