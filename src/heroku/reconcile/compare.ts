// Compares Heroku's list of installs with our resources. Pure.
import { drainAddress } from '../move-drains.ts'
import type { Install } from './installs.ts'

export type FindingKind =
  /** Live here, and no longer at Heroku: its DELETE was lost. */
  | 'gone'
  /** At Heroku, and never provisioned here: another service answered its POST, or our database was restored. */
  | 'lost'
  /** At Heroku, and ended here. */
  | 'ended'
  /** Another plan at Heroku: a plan change was lost. */
  | 'other_plan'
  /** A drain points elsewhere: its lines do not reach us. */
  | 'drain_elsewhere'
  /** Its drains could not be listed for a day, so it is unknown where they point. */
  | 'not_listed'

export interface ReconcileFinding {
  kind: FindingKind
  resource: string
  /** A sentence for people. */
  says: string
}

/** One of our resources. Times are milliseconds since 1970. */
export interface OwnResource {
  id: string
  isLive: boolean
  /** Null in the tombstone of a resource that was never provisioned. */
  plan: string | null
  createdAt: number
  drains: { app: string | null; url: string | null; listedAt: number | null }[]
}

/** A younger resource may be missing from a fresh list. */
const YOUNG_MS = 3_600_000
const DAY_MS = 86_400_000

/** @param drainUrl the origin that drains are to point to */
export function compare(
  installs: readonly Install[],
  own: readonly OwnResource[],
  drainUrl: string,
  now: number,
): ReconcileFinding[] {
  const listed = new Map(installs.map((install) => [install.resourceId, install]))
  const known = new Set(own.map(({ id }) => id))
  const findings: ReconcileFinding[] = installs
    .filter(({ resourceId }) => !known.has(resourceId))
    .map(({ resourceId }) => finding('lost', resourceId, 'Heroku has it, but it was never provisioned here'))
  for (const resource of own)
    findings.push(...compareResource(resource, listed.get(resource.id), drainUrl, now))
  return findings
}

function compareResource(
  { id, isLive, plan, createdAt, drains }: OwnResource,
  install: Install | undefined,
  drainUrl: string,
  now: number,
): ReconcileFinding[] {
  const isYoung = now - createdAt < YOUNG_MS
  if (!isLive) {
    return install === undefined ? [] : [finding('ended', id, 'Heroku has it, but it is deprovisioned here')]
  }
  if (install === undefined) {
    return isYoung ? [] : [finding('gone', id, 'it is live here, but Heroku does not list it')]
  }
  const findings: ReconcileFinding[] = []
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

function finding(kind: FindingKind, resource: string, says: string): ReconcileFinding {
  return { kind, resource, says }
}

/** Counts of every kind, zeros included. */
export function countFindings(findings: readonly ReconcileFinding[]): Map<FindingKind, number> {
  const kinds: FindingKind[] = ['gone', 'lost', 'ended', 'other_plan', 'drain_elsewhere', 'not_listed']
  return new Map(kinds.map((kind) => [kind, findings.filter((one) => one.kind === kind).length]))
}
