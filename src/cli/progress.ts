// Progress of a long command: a bar that rewrites itself on a terminal, a line now and then if the output
// goes into a file or a log.

export interface Progress {
  /** @param note what has come of it so far: "3 failed" */
  show(done: number, note: string): void
  /** What is printed next begins on a line of its own. */
  end(): void
}

const BAR_WIDTH = 30
/** Of a bar: it is for eyes. */
const REDRAW_MS = 100
/** Without a terminal: one line for each step of this many per cent. */
const STEP_PERCENT = 10

export function createProgress(
  total: number,
  { write, isTerminal, now }: { write(text: string): void; isTerminal: boolean; now(): number },
): Progress {
  let drawnAt = Number.NEGATIVE_INFINITY
  let drawnPercent = -1
  let width = 0
  const draw = (done: number, percent: number, note: string) => {
    const counts = `${done}/${total}${note === '' ? '' : `, ${note}`}`
    if (!isTerminal) {
      write(`${String(percent).padStart(3)} %  ${counts}\n`)
      return
    }
    const full = Math.round((BAR_WIDTH * percent) / 100)
    const line = `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] ${counts}`
    // What was longer is overwritten.
    write(`\r${line.padEnd(width)}`)
    width = line.length
  }
  return {
    show(done, note) {
      const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
      const isDue = isTerminal
        ? done === total || now() - drawnAt >= REDRAW_MS
        : Math.floor(percent / STEP_PERCENT) > Math.floor(drawnPercent / STEP_PERCENT)
      if (!isDue) return
      drawnAt = now()
      drawnPercent = percent
      draw(done, percent, note)
    },
    end() {
      if (width > 0) write('\n')
    },
  }
}
