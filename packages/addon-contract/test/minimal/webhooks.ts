// The webhooks of the minimal add-on.
import { createHmac } from 'node:crypto'
import { type Call, slowly, text } from '../minimal-addon.ts'

export async function receiveWebhook(call: Call, uuid: string): Promise<void> {
  const { addon, request, body } = call
  const { has } = addon
  const resource = addon.resources.get(uuid)
  if (resource === undefined) return text(call, 404, '')
  const { secret, authorization } = resource.webhook
  const signature = request.headers['heroku-webhook-hmac-sha256']
  if (request.headers.authorization !== authorization && !has('W10')) return text(call, 401, '')
  const sign = (bytes: Buffer | string) => createHmac('sha256', secret).update(bytes).digest('base64')
  const written = JSON.stringify(JSON.parse(body.toString()))
  const isRight =
    (signature === sign(body) && (!has('W06') || signature === sign(written))) ||
    (has('W07') && signature === sign(written)) ||
    (has('W08') && signature !== undefined) ||
    (has('W09') && signature === undefined)
  if (!isRight) return text(call, 403, '')
  if (resource.state === 'gone') return text(call, has('W11') ? 500 : 410, '')

  const event = JSON.parse(body.toString()) as { id: string; resource: string }
  if (has('W12')) await slowly()
  if (has('W03') && event.resource === 'addon-attachment') return text(call, 400, '')
  if (has('W05') && event.resource !== 'addon-attachment') return text(call, 400, '')
  if (has('W04') && resource.events.has(event.id)) return text(call, 409, '')
  resource.events.add(event.id)
  text(call, 200, '')
}
