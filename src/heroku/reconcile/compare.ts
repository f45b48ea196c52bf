// Heroku's list of installs beside what is here: what differs, and what it means. Pure.
import { drainAddress } from '../move-drains.ts'
import type { Install } from './installs.ts'

export type FindingKind =
  /** Live here, and Heroku has it no more: its DELETE was lost. */
  | 'gone'
  /** Heroku has it, and we never heard of it: its POST was answered by somebody else, or our database was set back. */
  | 'lost'
  /** Heroku has it, and here it has ended. */
  | 'ended'
  /** The plan is another one there: a plan change was lost. */
  | 'other_plan'
  /** A drain of it points somewhere else: its lines do not come to us. */
  | 'drain_elsewhere'
  /** Its drains could not be listed for a day: where they point is not known. */
  | 'not_listed'

export interface Finding {
  kind: FindingKind
  resource: string
  /** In a sentence, for people. */
  says: string
}

/** A resource as it is here. Times are milliseconds since 1970. */
export interface OwnResource {
  id: string
  isLive: boolean
  /** Null in the tombstone of one that was never provisioned. */
  plan: string | null
  createdAt: number
  drains: { app: string | null; url: string | null; listedAt: number | null }[]
}

/** What is as young may be missing from a list that was made a moment ago. */
const YOUNG_MS = 3_600_000
const DAY_MS = 86_400_000

/** @param drainUrl the origin that drains are to point to */
export function compare(
  installs: readonly Install[],
  own: readonly OwnResource[],
  drainUrl: string,
  now: number,
): Finding[] {
  const listed = new Map(installs.map((install) => [install.resourceId, install]))
  const known = new Set(own.map(({ id }) => id))
  const findings: Finding[] = installs
    .filter(({ resourceId }) => !known.has(resourceId))
    .map(({ resourceId }) => finding('lost', resourceId, 'Heroku has it, and it was never provisioned here'))
  for (const resource of own) findings.push(...lookAt(resource, listed.get(resource.id), drainUrl, now))
  return findings
}

function lookAt(
  { id, isLive, plan, createdAt, drains }: OwnResource,
  install: Install | undefined,
  drainUrl: string,
  now: number,
): Finding[] {
  const isYoung = now - createdAt < YOUNG_MS
  if (!isLive) {
    return install === undefined ? [] : [finding('ended', id, 'Heroku has it, and here it is deprovisioned')]
  }
  if (install === undefined) {
    return isYoung ? [] : [finding('gone', id, 'it is live here, and Heroku does not list it')]
  }
  const findings: Finding[] = []
  if (install.plan !== null && install.plan !== plan) {
    findings.push(finding('other_plan', id, `its plan is ${install.plan} at Heroku and ${plan} here`))
  }
  const address = drainAddress(drainUrl, id)
  for (const { app, url } of drains) {
    if (url === null || url === address) continue
    findings.push(finding('drain_elsewhere', id, `the drain of ${app ?? 'an app'} points to ${url}`))
  }
  const isListed = drains.some(({ listedAt }) => listedAt !== null && now - listedAt < DAY_MS)
  if (!isListed && !isYoung) {
    findings.push(finding('not_listed', id, 'its drains could not be listed for a day'))
  }
  return findings
}

function finding(kind: FindingKind, resource: string, says: string): Finding {
  return { kind, resource, says }
}

/** How many there are of each kind, the kinds without any too. */
export function countFindings(findings: readonly Finding[]): Map<FindingKind, number> {
  const kinds: FindingKind[] = ['gone', 'lost', 'ended', 'other_plan', 'drain_elsewhere', 'not_listed']
  return new Map(kinds.map((kind) => [kind, findings.filter((one) => one.kind === kind).length]))
}
