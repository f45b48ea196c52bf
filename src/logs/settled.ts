// What was written to a table of lines, told in any case how its transaction ended.
import type { Written } from './line-table.ts'

/** @param work gives each `Written` to `keep` as soon as it has it; it returns when its transaction has committed */
export async function settled<T>(work: (keep: (written: Written) => Written) => Promise<T>): Promise<T> {
  const kept: Written[] = []
  let hasCommitted = false
  try {
    const result = await work((written) => {
      kept.push(written)
      return written
    })
    hasCommitted = true
    return result
  } finally {
    for (const written of kept) written.settle(hasCommitted)
  }
}
