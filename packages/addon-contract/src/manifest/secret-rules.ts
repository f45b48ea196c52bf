// Rules about the secrets that Heroku and the add-on share. None is ever shown.
import { isText, kindOf, manifestRule, SOURCES, WITH_API } from './manifest-rule.ts'

/** Shorter than this, a secret was made up by a person. Heroku's generator writes 32 characters. */
const STRONG_CHARACTERS = 24
const MAKE_ONE = 'Make one: openssl rand -hex 24'

export const SECRET_RULES = [
  manifestRule({
    number: 'M09',
    name: 'password-is-text',
    strength: 'must',
    demands: '`api.password` is a text that is not empty.',
    otherwise: 'Anybody can provision, change and delete: it is all that tells Heroku’s calls from others.',
    fix: MAKE_ONE,
    source: SOURCES.manifest,
    ...WITH_API,
    find: ({ api: { password } }) => (isText(password) ? [] : [`api.password is ${kindOf(password)}`]),
  }),
  manifestRule({
    number: 'M10',
    name: 'salt-is-text',
    strength: 'must',
    demands: '`api.sso_salt` is a text that is not empty.',
    otherwise: 'Sign-ins cannot be signed, and nobody can open the add-on from the dashboard.',
    fix: MAKE_ONE,
    source: SOURCES.manifest,
    ...WITH_API,
    find: ({ api: { sso_salt: salt } }) => (isText(salt) ? [] : [`api.sso_salt is ${kindOf(salt)}`]),
  }),
  manifestRule({
    number: 'M11',
    name: 'secrets-are-strong',
    strength: 'should',
    demands: `\`api.password\` and \`api.sso_salt\` have ${STRONG_CHARACTERS} characters or more, and differ.`,
    otherwise:
      'Whoever guesses the one provisions and deletes; whoever guesses the other signs in as anybody.',
    fix: 'Make both anew: openssl rand -hex 24. Let the service take old and new before you push.',
    source: SOURCES.generator,
    when: 'both are there',
    applies: ({ api }) => isText(api.password) && isText(api.sso_salt),
    find: ({ api: { password, sso_salt: salt } }) => [
      ...(String(password).length < STRONG_CHARACTERS ? ['api.password is short'] : []),
      ...(String(salt).length < STRONG_CHARACTERS ? ['api.sso_salt is short'] : []),
      ...(password === salt ? ['api.password and api.sso_salt are the same'] : []),
    ],
  }),
  manifestRule({
    number: 'M12',
    name: 'no-username',
    strength: 'must',
    demands: 'There is no `api.username`.',
    otherwise: 'Kensa refuses the manifest. Heroku signs in with the `id`, whatever stands there.',
    fix: 'Remove it.',
    source: SOURCES.kensa,
    ...WITH_API,
    find: ({ api }) => ('username' in api ? ['api.username is there'] : []),
  }),
]
