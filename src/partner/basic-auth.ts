// Heroku authenticates with the add-on id and the manifest's password (HTTP Basic on every call). Checked on the headers,
// before a body is read or a resource is looked up: without credentials every call is answered 401 and reveals nothing.
import fastifyBasicAuth from '@fastify/basic-auth'
import type { FastifyInstance } from 'fastify'
import { wrongCredential } from '../access/wrong-credential.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { isOneOfSecrets, isSameSecret } from '../secrets/constant-time.ts'

/** Guards every route of this scope. */
export async function requireBasicAuth(app: FastifyInstance, addon: Config['addon']): Promise<void> {
  await app.register(fastifyBasicAuth, {
    authenticate: { realm: addon.id },
    // Async, though nothing is awaited: the plugin reads a rejection as "no".
    async validate(username, password) {
      const named = isSameSecret(username, addon.id)
      // Two passwords during a rotation: pushing a manifest changes Heroku's side at once.
      const known = isOneOfSecrets(password, addon.passwords)
      if (!named || !known) throw new AppError('unauthorized')
    },
  })
  app.addHook('onRequest', (request, reply, done) =>
    app.basicAuth(request, reply, (error) => done(error && wrongCredential(request, error))),
  )
}
