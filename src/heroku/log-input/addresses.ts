// The address that writes into the log of a resource's own app. It holds a token, so it is stored sealed, and it is used
// only if it leads to a Logplex. Heroku may change it at any time: the old address then answers 4xx, and the attachments
// have the new one (Dev Center add-on-partner-log-integration).

import { splitCredentials } from '../../logplex/post-frames.ts'
import type { ApiCall, PlatformApi } from '../platform-api.ts'
import type { TokenStore } from '../token-store.ts'

export type LogInput = ReturnType<typeof splitCredentials>

export interface LogInputAddressesParts {
  apiUrl: string
  api: Pick<PlatformApi, 'findAddon' | 'listAttachments'>
  store: Pick<TokenStore, 'findLogInputUrl' | 'storeLogInputUrl'>
  signal: AbortSignal
}

export interface LogInputAddresses {
  /** Null if there is none, or none that a token may be sent to. */
  find(resourceId: string): Promise<LogInput | null>
  /**
   * Reads the address from the Platform API, stores it, and returns it like `find`.
   *
   * @throws HerokuError
   */
  refresh(resourceId: string): Promise<LogInput | null>
}

export function createLogInputAddresses(parts: LogInputAddressesParts): LogInputAddresses {
  const { apiUrl, api, store, signal } = parts
  return {
    async find(resourceId) {
      const address = await store.findLogInputUrl(resourceId)
      return address === null ? null : readAddress(address, apiUrl)
    },

    async refresh(resourceId) {
      const call: ApiCall = { urgency: 'background', signal }
      const { app } = await api.findAddon(resourceId, call)
      const attachments = await api.listAttachments(resourceId, call)
      const own = attachments.find((attachment) => attachment.app.id === app?.id)
      const address = own?.log_input_url ?? null
      const read = address === null ? null : readAddress(address, apiUrl)
      if (address !== null && read !== null) await store.storeLogInputUrl(resourceId, address)
      return read
    },
  }
}

/**
 * Null if it is not an address of a Logplex. Heroku's are at logplex.io. If HEROKU_API_URL is not Heroku's own, only that
 * origin is allowed, so that a test sends nothing to Heroku.
 */
export function readAddress(address: string, apiUrl: string): LogInput | null {
  if (!URL.canParse(address)) return null
  const { url, authorization } = splitCredentials(address)
  const api = new URL(apiUrl)
  const isAllowed = /(^|\.)heroku\.com$/.test(api.hostname)
    ? url.protocol === 'https:' && /(^|\.)logplex\.io$/.test(url.hostname)
    : url.origin === api.origin
  return isAllowed ? { url, authorization } : null
}
