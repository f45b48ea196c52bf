// All kinds of destinations. The API's schemas, what is stored of a message and what sends it are derived from this table.
import { z } from 'zod'
import type { Destination, DestinationRules } from './destination.ts'
import { email } from './email.ts'
import { webhook } from './webhook.ts'

export const DESTINATIONS = { webhook, email }

type Destinations = typeof DESTINATIONS
export type DestinationKind = keyof Destinations
export const DESTINATION_KINDS = Object.keys(DESTINATIONS) as DestinationKind[]

type AskedShape = { [Kind in DestinationKind]: Destinations[Kind]['asked'] }
type ShownShape = { [Kind in DestinationKind]: z.ZodOptional<Destinations[Kind]['shown']> }
type Read = { [Kind in DestinationKind]: ReturnType<Destinations[Kind]['read']> }

/** `to` of an alert that is made or replaced. */
export const askedDestinations = z.object(forEach((kind) => DESTINATIONS[kind].asked) as AskedShape)

/** `to` of an alert as it is shown. */
export const shownDestinations = z.object(
  forEach((kind) => (DESTINATIONS[kind].shown as z.ZodType).optional()) as unknown as ShownShape,
)

/** @throws AppError invalid_params */
export function readDestinations(asked: z.output<typeof askedDestinations>, rules: DestinationRules): Read {
  return forEach((kind) => DESTINATIONS[kind].read(asked[kind], rules)) as Read
}

/** What of an alert is shown of where it goes. */
export function showDestinations(
  alert: Readonly<{ [Kind in DestinationKind]: z.input<Destinations[Kind]['shown']> | null }>,
): z.input<typeof shownDestinations> {
  const given = DESTINATION_KINDS.filter((kind) => alert[kind] !== null).map((kind) => [kind, alert[kind]])
  return Object.fromEntries(given)
}

export function destinationOf(kind: DestinationKind): Destination {
  return DESTINATIONS[kind]
}

function forEach(make: (kind: DestinationKind) => unknown): Record<DestinationKind, unknown> {
  return Object.fromEntries(DESTINATION_KINDS.map((kind) => [kind, make(kind)])) as Record<
    DestinationKind,
    unknown
  >
}
