// Values that a statement is told beside its text: `{p0:String}`. Pure.

export type Bind = (type: 'String' | 'Int64', value: string | number) => string

export interface Parameters {
  readonly values: Readonly<Record<string, string | number>>
  /** What stands for the value in the statement. */
  bind: Bind
}

export function parameters(): Parameters {
  const values: Record<string, string | number> = {}
  const bound = new Map<string | number, string>()
  return {
    values,
    bind(type, value) {
      const name = bound.get(value) ?? `p${bound.size}`
      bound.set(value, name)
      values[name] = value
      return `{${name}:${type}}`
    },
  }
}
