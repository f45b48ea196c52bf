// Several pieces of work at a time, and what comes of them in the order in which it was asked for.

/**
 * Does `work` for each item, `atOnce` of them at a time, and yields the results in the order of the items. A result may
 * wait for those before it, so there should not be many items. A caller who stops early ends the work by its signal; the
 * generator returns only when nothing is under way any more.
 *
 * @throws what the first one threw that failed, behind the results before it; the reason of `signal`
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Result> {
  const leaving = new AbortController()
  const either = AbortSignal.any([signal, leaving.signal])
  const started: Promise<Result>[] = []

  const startNext = (): void => {
    if (started.length === items.length || either.aborted) return
    const result = work(items[started.length] as Item, either)
    started.push(result)
    // A failure is thrown when its turn comes, and must not count as unhandled until then.
    result.then(startNext, () => {})
  }

  try {
    for (let at = 0; at < atOnce; at++) startNext()
    for (let at = 0; at < items.length; at++) {
      signal.throwIfAborted()
      yield await (started[at] as Promise<Result>)
    }
  } finally {
    leaving.abort(new Error('the client left'))
    await Promise.allSettled(started)
  }
}
