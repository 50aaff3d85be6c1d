/** Controls (C0, C1), format characters (bidi, zero width, tags), fillers and selectors, line separators, and what is no character at all. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu

/** JSON of the same value, in which what is not plainly visible is written as `\u` escapes. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(INVISIBLE, invisible =>
    Array.from({ length: invisible.length }, (_, at) => escapeUnit(invisible.charCodeAt(at))).join(''),
  )
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}
