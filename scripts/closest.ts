/** A word is taken for a slip of another one up to so many typing errors. */
const MAX_DISTANCE = 2

/** The candidate that was probably meant, or undefined when none is near. */
export function closest(typed: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map(candidate => ({ candidate, distance: editDistance(typed.toLowerCase(), candidate) }))
    .filter(({ candidate, distance }) => distance <= MAX_DISTANCE && distance < candidate.length)
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}

/** Insertions, deletions, replacements and swaps of neighbours that make one word the other (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1
      const swapped =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
          ? (beforeLast[column - 2] ?? 0) + 1
          : Number.POSITIVE_INFINITY
      line.push(
        Math.min(
          (line[column - 1] ?? 0) + 1,
          (last[column] ?? 0) + 1,
          (last[column - 1] ?? 0) + same,
          swapped,
        ),
      )
    }
    beforeLast = last
    last = line
  }
  return last[b.length] ?? 0
}
