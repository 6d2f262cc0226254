/** Progress on stderr: a bar on a terminal, a line at every tenth elsewhere. */

const WIDTH = 32
const TENTHS = 10
const PERCENT = 100

/** Text of the bar, for a share of 0 to 1. */
export const barOf = (share: number): string => {
  const full = Math.round(share * WIDTH)
  return "█".repeat(full) + "░".repeat(WIDTH - full)
}

export class ProgressBar {
  readonly #stream: NodeJS.WriteStream
  readonly #label: string
  readonly #total: number
  #count = 0
  #shown = -1

  constructor(stream: NodeJS.WriteStream, label: string, total: number) {
    this.#stream = stream
    this.#label = label
    this.#total = total
  }

  /** Counts one more as done. */
  step(): void {
    this.#count += 1
    const share = this.#total === 0 ? 1 : this.#count / this.#total
    const mark = Math.floor(share * (this.#stream.isTTY ? PERCENT : TENTHS))
    if (mark === this.#shown) return
    this.#shown = mark
    this.#stream.write(this.#stream.isTTY ? this.#bar(share) : this.#line())
  }

  /** Prints a line above the bar. */
  say(text: string): void {
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`)
    this.#shown = -1
  }

  /** Leaves the bar as it is, and starts a new line; nothing where no bar is shown. */
  end(): void {
    if (this.#stream.isTTY && this.#shown !== -1) this.#stream.write("\n")
    this.#shown = -1
  }

  #bar(share: number): string {
    return `\r\x1b[K${this.#label} ${barOf(share)} ${this.#count}/${this.#total}`
  }

  #line(): string {
    return `${this.#label} ${this.#count}/${this.#total}\n`
  }
}
