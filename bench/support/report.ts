// What a benchmark says: a table for people, then each figure as a line of JSON for machines.

/** One figure. With `ratio_to` the value is this figure over that one, of the same run; else it stands for itself. */
interface Figure {
  bench: string
  figure: string
  value: number
  unit: string
  ratio_to: string | null
}

export class Report {
  readonly #bench: string
  readonly #figures: Figure[] = []

  constructor(bench: string) {
    this.#bench = bench
  }

  title(sentence: string): void {
    process.stdout.write(`\n## ${this.#bench}: ${sentence}\n\n`)
  }

  note(sentence: string): void {
    process.stdout.write(`${sentence}\n`)
  }

  table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const cells = [columns, ...rows].map((row) =>
      row.map((cell) => (typeof cell === 'number' ? show(cell) : cell)),
    )
    const widths = columns.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)))
    const line = (row: readonly string[]) =>
      `| ${widths.map((width, at) => (at === 0 ? (row[at] ?? '').padEnd(width) : (row[at] ?? '').padStart(width))).join(' | ')} |`
    const rule = `|${widths.map((width, at) => (at === 0 ? `:${'-'.repeat(width + 1)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`
    const [head, ...rest] = cells.map(line)
    process.stdout.write(`${[head, rule, ...rest].join('\n')}\n\n`)
  }

  figure(figure: string, value: number, unit: string): void {
    this.#figures.push({ bench: this.#bench, figure, value: rounded(value), unit, ratio_to: null })
  }

  ratio(figure: string, ratioTo: string, value: number): void {
    this.#figures.push({
      bench: this.#bench,
      figure,
      value: rounded(value),
      unit: 'ratio',
      ratio_to: ratioTo,
    })
  }

  /** Prints the figures given so far. */
  printFigures(): void {
    for (const figure of this.#figures.splice(0)) process.stdout.write(`${JSON.stringify(figure)}\n`)
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

export function megabytes(bytes: number): number {
  return bytes / 1_000_000
}

/** Three digits are more than such a figure is good for, four let small differences be seen. */
function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

function show(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US')
  if (Number.isInteger(value)) return String(value)
  return Math.abs(value) >= 100
    ? value.toFixed(0)
    : Math.abs(value) >= 10
      ? value.toFixed(1)
      : value.toFixed(2)
}
