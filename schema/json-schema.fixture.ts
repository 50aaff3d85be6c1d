/**
 * As much of JSON Schema (draft 2020-12) as our schemas use, so that a test needs no validator of anybody's. A keyword
 * that it does not know is an error: it never lets something through because it does not look.
 */
type Check = (value: unknown, rule: never, schema: Schema) => boolean
type Schema = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const types: Record<string, (value: unknown) => boolean> = {
  object: isObject,
  array: Array.isArray,
  string: value => typeof value === 'string',
  boolean: value => typeof value === 'boolean',
  number: value => typeof value === 'number',
  integer: value => Number.isInteger(value),
}

const keywords: Record<string, Check> = {
  $schema: () => true,
  type: (value, rule: string) => types[rule]?.(value) ?? false,
  const: (value, rule: unknown) => value === rule,
  enum: (value, rule: unknown[]) => rule.includes(value),
  pattern: (value, rule: string) => typeof value !== 'string' || new RegExp(rule).test(value),
  minLength: (value, rule: number) => typeof value !== 'string' || value.length >= rule,
  maxLength: (value, rule: number) => typeof value !== 'string' || value.length <= rule,
  minItems: (value, rule: number) => !Array.isArray(value) || value.length >= rule,
  maxItems: (value, rule: number) => !Array.isArray(value) || value.length <= rule,
  minimum: (value, rule: number) => typeof value !== 'number' || value >= rule,
  maximum: (value, rule: number) => typeof value !== 'number' || value <= rule,
  items: (value, rule: Schema) => !Array.isArray(value) || value.every(item => isValid(rule, item)),
  required: (value, rule: string[]) => !isObject(value) || rule.every(name => Object.hasOwn(value, name)),
  properties: (value, rule: Record<string, Schema>) =>
    !isObject(value) ||
    Object.entries(rule).every(
      ([name, schema]) => !Object.hasOwn(value, name) || isValid(schema, value[name]),
    ),
  additionalProperties(value, rule: boolean, { properties }) {
    if (rule || !isObject(value)) return true
    return Object.keys(value).every(name => isObject(properties) && Object.hasOwn(properties, name))
  },
  anyOf: (value, rule: Schema[]) => rule.some(schema => isValid(schema, value)),
  oneOf: (value, rule: Schema[]) => rule.filter(schema => isValid(schema, value)).length === 1,
}

/** Whether a value is what a JSON Schema says. @throws TypeError for a keyword that is not known here */
export function isValid(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, rule]) => {
    const check = keywords[keyword]
    if (!check) throw new TypeError(`unknown keyword ${keyword}`)
    return check(value, rule as never, schema)
  })
}
