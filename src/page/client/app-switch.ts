// One of the apps that the resource is attached to, or all of them: a part of the search, like any other.
import { print } from '../../query/query.ts'
import { lineTerm, partsOf, refine, without } from '../reading/term.ts'
import type { Viewer } from './viewer.ts'

export function openAppSwitch(viewer: Viewer): () => void {
  const select = document.getElementById('apps') as HTMLSelectElement | null
  if (select === null) return () => {}
  const names = [...select.options].map(({ value }) => value).filter((value) => value !== '')
  const chosen = () => {
    const terms = new Set(partsOf(viewer.state.q).map(print))
    return names.find((name) => terms.has(lineTerm('app', name))) ?? ''
  }
  select.addEventListener('change', () => {
    let { q } = viewer.state
    for (const name of names) q = without(q, lineTerm('app', name))
    viewer.search(select.value === '' ? q : refine(q, lineTerm('app', select.value), false))
  })
  return () => {
    const now = chosen()
    if (select.value !== now) select.value = now
  }
}
