// Redraws parts of a page while a person uses it: each part keeps its element, so that a button
// keeps the focus, and a marked text its mark.

/**
 * @param create makes a part for something that was not there before
 * @returns the parts of what is there now, in its order; the others are forgotten
 */
export function keyed<Part>(create: () => Part) {
  let known = new Map<string, Part>()
  return <Thing>(
    things: readonly Thing[],
    keyOf: (thing: Thing) => string,
    update: (part: Part, thing: Thing) => void,
  ): Part[] => {
    known = new Map(things.map((thing) => [keyOf(thing), known.get(keyOf(thing)) ?? create()]))
    for (const thing of things) update(known.get(keyOf(thing)) as Part, thing)
    return [...known.values()]
  }
}

/** Makes these the children; touches nothing where they are. */
export function arrange(parent: Element, children: readonly Element[]): void {
  const isSame =
    parent.children.length === children.length && children.every((child, at) => parent.children[at] === child)
  if (!isSame) parent.replaceChildren(...children)
}

/** Sets a text where it is another one. */
export function tell(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
