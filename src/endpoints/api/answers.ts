// Stored things as Fastly's API shows them: every key always there, with the types that clients were made for. Pure.
import type { Domain, StoredCondition } from '../condition-store.ts'
import type { LogEndpoint } from '../endpoint-store.ts'
import type { VersionRef } from '../fastly-error.ts'
import type { Service, Version } from '../service-store.ts'
import { customerId } from './ids.ts'

/** 2026-07-23T19:29:32Z */
function time(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

/** What is told of everything that belongs to a version; there the version is a text. */
function ofVersion({ serviceId, version }: VersionRef, thing: { createdAt: Date; updatedAt: Date }) {
  return {
    service_id: serviceId,
    version: String(version),
    created_at: time(thing.createdAt),
    updated_at: time(thing.updatedAt),
    deleted_at: null,
  }
}

export function endpointAnswer(ref: VersionRef, endpoint: LogEndpoint) {
  return {
    name: endpoint.name,
    token: endpoint.token,
    url: endpoint.url,
    format: endpoint.format,
    format_version: String(endpoint.formatVersion),
    placement: endpoint.placement,
    response_condition: endpoint.responseCondition,
    log_processing_region: endpoint.logProcessingRegion,
    ...ofVersion(ref, endpoint),
  }
}

export function conditionAnswer(ref: VersionRef, condition: StoredCondition) {
  const { name, statement, type, priority, comment } = condition
  return { name, statement, type, priority, comment, ...ofVersion(ref, condition) }
}

export function domainAnswer(ref: VersionRef, domain: Domain) {
  const { version, ...rest } = ofVersion(ref, domain)
  return { name: domain.name, comment: domain.comment, version: Number(version), ...rest }
}

export function versionAnswer(service: Service, version: Version) {
  const active = service.activeVersion === version.number
  return {
    service_id: service.id,
    number: version.number,
    active,
    locked: version.locked,
    staging: false,
    testing: false,
    deployed: false,
    comment: version.comment,
    created_at: time(version.createdAt),
    updated_at: time(version.updatedAt),
    deleted_at: null,
    environments: active
      ? [{ name: 'production', service_id: service.id, active_version: version.number }]
      : [],
  }
}

export function serviceAnswer(resourceId: string, service: Service, versions: readonly Version[]) {
  const { activeVersion: active, id } = service
  return {
    id,
    name: service.name,
    type: service.type,
    comment: service.comment,
    customer_id: customerId(resourceId),
    paused: false,
    publish_key: '',
    created_at: time(service.createdAt),
    updated_at: time(service.updatedAt),
    deleted_at: null,
    environments: active === null ? [] : [{ name: 'production', service_id: id, active_version: active }],
    versions: versions.map((version) => versionAnswer(service, version)),
  }
}

export const DEFAULT_SETTINGS = {
  'general.default_host': '',
  'general.default_pci': 0,
  'general.default_ttl': 3600,
  'general.stale_if_error': false,
  'general.stale_if_error_ttl': 43200,
}

/** Things of a version that there are none of here, in the details of a service. */
export const NEVER_THERE = [
  'acls',
  'cache_settings',
  'dictionaries',
  'directors',
  'gzips',
  'headers',
  'request_settings',
  'response_objects',
  'snippets',
  'vcls',
  'wordpress',
]

/** The legacy encoder in front of Fastly's API escapes these in every body. */
export function encode(answer: unknown): Buffer {
  const text = JSON.stringify(answer).replace(/[<>&\u2028\u2029]/g, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return Buffer.from(text)
}
