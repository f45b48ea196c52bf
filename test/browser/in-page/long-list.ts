// Runs in the browser: the list of the page by itself, with as many rows as it may hold, for test/browser/long-list.test.ts.
import { NO_NEEDLES } from '../../../src/page/client/highlight.ts'
import { VirtualList } from '../../../src/page/client/list.ts'
import { type RowLooks, rowView } from '../../../src/page/client/row-view.ts'
import { type Row, Rows } from '../../../src/page/client/rows.ts'
import type { Line } from '../../../src/page/reading/line.ts'
import type { LongList } from '../long-list-calls.ts'

const FIRST = Date.UTC(2026, 10, 21)
const WORDS = 'a line that is longer or shorter than its neighbours and wraps as often as it has to '

const looks: RowLooks = {
  zone: 'utc',
  isRaw: false,
  needles: NO_NEEDLES,
  namesApps: false,
  hit: null,
  selectedId: null,
}
const scroller = document.querySelector('#list') as HTMLElement
const list: VirtualList<Row> = new VirtualList<Row>({
  scroller,
  render: (row, at) => rowView(row, rows.rows[at - 1], looks),
  canFollow: () => true,
  onFollow() {},
  onMoved() {},
})
const rows: Rows = new Rows({
  spliced: (at, removed, inserted) => list.spliced(at, removed, inserted),
  changed: (row) => list.changed(row),
})
list.show(rows.rows, null)

function lines(from: number, count: number): Line[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index
    const time = new Date(FIRST + number * 100).toISOString().replace('Z', '000Z')
    return {
      cursor: `${number}`,
      sent_at: time,
      received_at: time,
      drain_id: 1,
      app: null,
      priority: 190,
      level: number % 50 === 0 ? 'error' : null,
      code: null,
      source: 'app',
      process: `web.${number % 5}`,
      message: `#${number} ${WORDS.repeat(number % 7)}status=200`,
    }
  })
}

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))

const longList: LongList = {
  add: (from, count) => void rows.add(lines(from, count)),
  prepend: (from, count) => rows.prepend(lines(from, count)),
  async scrollOver(steps) {
    const whole = scroller.scrollHeight - scroller.clientHeight
    for (let step = steps; step >= 0; step--) {
      scroller.scrollTop = (whole * step) / steps
      await frame()
    }
    await frame()
  },
  async scrollTo(share) {
    scroller.scrollTop = (scroller.scrollHeight - scroller.clientHeight) * share
    await frame()
    await frame()
  },
  firstInSight() {
    const { top } = scroller.getBoundingClientRect()
    const row = [...scroller.querySelectorAll('.row')].find((one) => one.getBoundingClientRect().top >= top)
    const number = Number(/#(\d+)/.exec(row?.textContent ?? '')?.[1])
    return { number, top: (row?.getBoundingClientRect().top ?? 0) - top }
  },
  rowsInDocument: () => scroller.querySelectorAll('.row').length,
  rows: () => rows.rows.length,
}
Object.assign(globalThis, { longList })
