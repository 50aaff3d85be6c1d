const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const

/** One frame of what turns while one waits. */
export function turning(frame: number): string {
  return FRAMES[frame % FRAMES.length] ?? FRAMES[0]
}
