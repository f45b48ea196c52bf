// How a setting is declared, read from the environment and shown in the log. settings.ts declares them all.
import { z } from 'zod'
import { withoutCredentials } from '../error-text.ts'

/** What a variable may hold: how its text is read, and the same in words for the docs. */
export interface SettingType<T> {
  readonly schema: z.ZodType<T, unknown>
  readonly values: string
}

/** `true`: never shown. `'password'`: a URL, shown without the user and password in it. */
export type Secrecy = boolean | 'password'

export interface Declaration<T> {
  readonly type: SettingType<T>
  /** As it would stand in the environment. Without one the value is null where the variable is not set. */
  readonly default?: string
  /** For a setting without a fixed default: what holds then, in words. */
  readonly unset?: string
  /** What the log may show. Everything that is not declared `false` or `'password'` stays out of it. */
  readonly secret: Secrecy
  /** One sentence or two, in Markdown, for docs/settings.md and .env.example. */
  readonly doc: string
}

export interface Setting<T> extends Declaration<unknown> {
  /** The environment variables that it is read from, in the order in which `read` takes their values. */
  readonly variables: readonly string[]
  /** The second variable holds the previous value of the first. */
  readonly isRotated?: boolean
  read(values: readonly unknown[]): T
}

export interface SettingTree {
  readonly [key: string]: Setting<unknown> | SettingTree
}

/** The values of a tree of settings: the same tree, with a value in the place of each setting. */
export type Values<Tree> = {
  readonly [K in keyof Tree]: Tree[K] extends Setting<infer T> ? T : Values<Tree[K]>
}

export interface Rotated {
  readonly current: string | null
  readonly previous: string | null
}

export function setting<T>(variable: string, declaration: Declaration<T> & { default: string }): Setting<T>
export function setting<T>(variable: string, declaration: Declaration<T>): Setting<T | null>
export function setting<T>(variable: string, declaration: Declaration<T>): Setting<T | null> {
  return { ...declaration, variables: [variable], read: ([value]) => (value ?? null) as T | null }
}

/** The first of several variables that is set. */
export function firstOf<T>(variables: readonly string[], declaration: Declaration<T>): Setting<T | null> {
  return {
    ...declaration,
    variables,
    read: (values) => (values.find((value) => value !== null) ?? null) as T | null,
  }
}

/** A secret and, in `<variable>_PREVIOUS`, the one before it, which stays valid during a rotation. */
export function rotatedSecret(
  variable: string,
  declaration: Omit<Declaration<string>, 'type' | 'secret' | 'default'>,
): Setting<Rotated> {
  return {
    ...declaration,
    type: text,
    secret: true,
    variables: [variable, `${variable}_PREVIOUS`],
    isRotated: true,
    read: ([current, previous]) => ({ current: current ?? null, previous: previous ?? null }) as Rotated,
  }
}

/**
 * The values of a tree of settings. An empty variable counts as one that is not set, as many tools write it.
 *
 * @throws SettingsError with one `VARIABLE: what is wrong` for each wrong value; the value itself is not repeated.
 */
export function readSettings<Tree extends SettingTree>(
  tree: Tree,
  environment: Readonly<Record<string, string | undefined>>,
): Values<Tree> {
  const problems: string[] = []
  const readOne = (declared: Setting<unknown>, variable: string): unknown => {
    const written = environment[variable] || declared.default
    if (written === undefined) return null
    const result = declared.type.schema.safeParse(written)
    if (result.success) return result.data
    problems.push(...result.error.issues.map(({ message }) => `${variable}: ${message}`))
    return null
  }
  const values = mapTree(tree, (declared) =>
    declared.read(declared.variables.map((variable) => readOne(declared, variable))),
  )
  if (problems.length > 0) throw new SettingsError(problems.join('\n'))
  return values as Values<Tree>
}

export class SettingsError extends Error {
  override name = 'SettingsError'
}

/**
 * What the log may show, by variable: the value in effect of each setting that is declared as no secret. `config` has
 * the tree's shape; what is in it without being declared is not shown.
 */
export function printableSettings(tree: SettingTree, config: unknown): Record<string, unknown> {
  const printable: Record<string, unknown> = {}
  for (const { setting, path } of listSettings(tree)) {
    const value = path.reduce<unknown>((parent, key) => (parent as Record<string, unknown>)?.[key], config)
    printable[setting.variables[0] as string] = shown(value ?? null, setting.secret)
  }
  return printable
}

function shown(value: unknown, secret: Secrecy): unknown {
  if (value === null || secret === false) return value
  if (secret === 'password' && typeof value === 'string') return withoutPassword(value)
  return Array.isArray(value) && value.length === 0 ? null : '[redacted]'
}

function withoutPassword(url: string): string {
  return withoutCredentials(url).replace(/([?&](?:password|user)=)[^&]*/g, '$1[redacted]')
}

/** Every setting of a tree, in the order of declaration, with the keys that lead to it. */
export function listSettings(
  tree: SettingTree,
  path: readonly string[] = [],
): { setting: Setting<unknown>; path: readonly string[] }[] {
  return Object.entries(tree).flatMap(([key, node]) =>
    isSetting(node) ? [{ setting: node, path: [...path, key] }] : listSettings(node, [...path, key]),
  )
}

function mapTree(tree: SettingTree, map: (declared: Setting<unknown>) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tree).map(([key, node]) => [key, isSetting(node) ? map(node) : mapTree(node, map)]),
  )
}

function isSetting(node: Setting<unknown> | SettingTree): node is Setting<unknown> {
  return Array.isArray(node.variables)
}

export const text: SettingType<string> = { schema: z.string(), values: 'text' }

export const flag: SettingType<boolean> = {
  schema: z.enum(['true', 'false']).transform((value) => value === 'true'),
  values: '`true`, `false`',
}

/** An http(s) address without a path, query or password; without a slash at the end, as browsers write an origin. */
export const origin: SettingType<string> = {
  schema: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
    .refine((value) => /^https?:\/\/[^/?#@]+\/?$/.test(value), 'must be an address without a path')
    .transform((value) => new URL(value).origin),
  values: 'an http(s) address without a path',
}

/** Written in megabytes of 1,000,000 bytes, read as bytes. */
export const megabytes: SettingType<number> = {
  schema: z.coerce
    .number()
    .positive()
    .transform((value) => Math.round(value * 1_000_000)),
  values: 'megabytes',
}

export function integer(least: number, most = Number.MAX_SAFE_INTEGER): SettingType<number> {
  const values = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`
  return { schema: z.coerce.number().int().min(least).max(most), values }
}

export function oneOf<const T extends string>(...values: [T, ...T[]]): SettingType<T> {
  const error = `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
  return { schema: z.enum(values, { error }), values: values.map((value) => `\`${value}\``).join(', ') }
}

/** `must` ends the sentence "it must …". */
export function matching(pattern: RegExp, must: string): SettingType<string> {
  return { schema: z.string().regex(pattern, `must ${must}`), values: must.replace(/^(be|have) /, '') }
}
