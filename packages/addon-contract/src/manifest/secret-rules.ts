// Rules about the secrets that Heroku and the add-on share. No finding shows one.
import { isText, kindOf, manifestRule, SOURCES, WITH_API } from './manifest-rule.ts'

/** A shorter secret was probably chosen by a person. Heroku's generator writes 32 characters. */
const STRONG_CHARACTERS = 24
const GENERATE_ONE = 'Generate one: openssl rand -hex 24'

export const SECRET_RULES = [
  manifestRule({
    number: 'M09',
    name: 'password-is-text',
    strength: 'must',
    demands: '`api.password` is a string that is not empty.',
    otherwise:
      'Anyone can provision, change and delete: the password is all that authenticates Heroku’s calls.',
    fix: GENERATE_ONE,
    source: SOURCES.manifest,
    ...WITH_API,
    find: ({ api: { password } }) => (isText(password) ? [] : [`api.password is ${kindOf(password)}`]),
  }),
  manifestRule({
    number: 'M10',
    name: 'salt-is-text',
    strength: 'must',
    demands: '`api.sso_salt` is a string that is not empty.',
    otherwise: 'Heroku cannot sign sign-ins, and no customer can open the add-on from the dashboard.',
    fix: GENERATE_ONE,
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
      'With the password, an attacker provisions and deletes; with the salt, an attacker signs in as any user.',
    fix: 'Generate both: openssl rand -hex 24. Let the service accept old and new ones before you push.',
    source: SOURCES.generator,
    when: 'both exist',
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
    otherwise: 'Kensa refuses the manifest. Heroku always authenticates with the `id`.',
    fix: 'Remove it.',
    source: SOURCES.kensa,
    ...WITH_API,
    find: ({ api }) => ('username' in api ? ['api.username exists'] : []),
  }),
]
