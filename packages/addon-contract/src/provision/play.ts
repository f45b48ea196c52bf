// Provisions as Heroku does: once normally, then in every variation that Heroku is known to send.
import { basicAuth } from 'heroku-simulator'
import type { Addon } from '../addon.ts'
import { CannotPlay } from '../cannot-play.ts'
import type { Exchange } from '../exchange.ts'
import { isSuccess } from '../expect.ts'
import { type ProvisionRequest, postProvision } from '../partner-call.ts'
import { callHereHint } from '../resources.ts'
import type { Stage } from '../stage.ts'

export interface ProvisionEvidence {
  addon: Addon
  production: boolean
  aimMs: number
  /** Heroku's own request. */
  opening: Exchange
  /** If that was refused: the same request with one difference, to find the cause. */
  plainAccept: Exchange | null
  plainDate: Exchange | null
  /** The following are null if nothing could be provisioned. */
  second: Exchange | null
  wrongPassword: Exchange | null
  wrongId: Exchange | null
  noCredentials: Exchange | null
  brokenCredentials: Exchange | null
  nullFields: Exchange | null
  fewFields: Exchange | null
  unknownFields: Exchange | null
  unknownRegion: Exchange | null
  unknownOptions: Exchange | null
  replay: Exchange | null
  parallel: Exchange[]
  unknownPlan: Exchange | null
  brokenJson: Exchange | null
}

const PARALLEL = 20

export async function playProvision({ world }: Stage): Promise<ProvisionEvidence> {
  const { addon, production, random, limits } = world
  const uuid = random.uuid()
  const post = (what: string, request: Partial<ProvisionRequest> = {}) =>
    postProvision(world, { uuid: random.uuid(), what, ...request })
  const goodDate = new Date(Date.now() + 300_000).toISOString()

  const opening = await post('Heroku provisions', { uuid })
  if (opening.answer === null) {
    throw new CannotPlay(
      `the add-on does not answer at ${addon.baseUrl}: ${opening.failure}. Is it running, and are the addresses in the manifest right?`,
    )
  }
  const works = (exchange: Exchange | null) => exchange?.answer != null && isSuccess(exchange.answer.status)
  const evidence: ProvisionEvidence = {
    ...NOTHING,
    addon,
    production,
    aimMs: limits.aimMs,
    opening,
  }
  if (!works(opening)) {
    evidence.plainAccept = await post('the same, with Accept: application/json', {
      call: { accept: 'application/json' },
    })
    evidence.plainDate = await post('the same, with expires_at in RFC 3339', {
      change: { oauth_grant: { code: random.uuid(), type: 'authorization_code', expires_at: goodDate } },
    })
    return evidence
  }

  evidence.second = await post('a second resource')
  evidence.replay = await post('the same uuid again, with another grant', { uuid })
  const withAuthorization = (what: string, authorization: string | null) =>
    post(what, { call: { authorization } })
  evidence.wrongPassword = await withAuthorization('a wrong password', basicAuth(addon.id, 'secret'))
  evidence.wrongId = await withAuthorization('a wrong id', basicAuth('wrong', addon.password))
  evidence.noCredentials = await withAuthorization('no Authorization', null)
  evidence.brokenCredentials = await withAuthorization('a malformed Authorization', 'Basic %%%')

  evidence.nullFields = await post('null where a field may be null', {
    change: { oauth_grant: null, options: null },
  })
  evidence.fewFields = await post('without options', { change: { options: undefined } })
  evidence.unknownFields = await post('with unknown fields', {
    change: { private_network: { id: 'pn-1' }, billing: null },
  })
  evidence.unknownRegion = await post('in an unknown region', {
    change: { region: 'amazon-web-services::mx-central-1' },
  })
  evidence.unknownOptions = await post('with an unknown option', {
    change: { options: { 'no-such-option': 'true' } },
  })
  evidence.unknownPlan = await post('a plan that is not sold', { change: { plan: 'no-such-plan' } })
  evidence.brokenJson = await post('half a body', { call: { body: '{"uuid":"' } })

  const shared = random.uuid()
  evidence.parallel = await Promise.all(
    Array.from({ length: PARALLEL }, (_, n) =>
      post(`the same uuid ${PARALLEL} times at once (${n + 1})`, { uuid: shared }),
    ),
  )
  // The async area judges these calls; here the play only waits for them.
  if (opening.answer.status === 202 && world.loopback.calls.length === 0 && world.unprovisionable === null) {
    const call = await world.loopback.waitFor(uuid, /./, limits.callMs)
    if (call === null)
      world.unprovisionable = `the add-on answers 202 and never called back. ${callHereHint(world)}`
  }
  return evidence
}

const NOTHING = {
  plainAccept: null,
  plainDate: null,
  second: null,
  wrongPassword: null,
  wrongId: null,
  noCredentials: null,
  brokenCredentials: null,
  nullFields: null,
  fewFields: null,
  unknownFields: null,
  unknownRegion: null,
  unknownOptions: null,
  replay: null,
  parallel: [],
  unknownPlan: null,
  brokenJson: null,
}
