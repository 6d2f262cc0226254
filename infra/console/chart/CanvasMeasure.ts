/**
 * Widths of texts in the fonts of the page.
 *
 * Owns the canvas that measures. Without one: TextMeasure.ts.
 */
import { estimatedWidth, type MeasureText } from "./TextMeasure.ts"

/** Room for the difference between the canvas and SVG text, as a factor. */
const ALLOWANCE = 1.02

/** Resolves when the fonts that the chart uses are loaded. */
export const fontsLoaded = async (family: string): Promise<void> => {
  await Promise.all([
    document.fonts.load(`400 12px ${family}`),
    document.fonts.load(`600 14px ${family}`),
  ]).catch(() => undefined)
}

export const canvasMeasure = (family: string): MeasureText => {
  const context = document.createElement("canvas").getContext("2d")
  if (context === null) return estimatedWidth
  const known = new Map<string, number>()
  return (text, { sizePx, weight }) => {
    const font = `${weight} ${sizePx}px ${family}`
    const key = `${font} ${text}`
    const width = known.get(key)
    if (width !== undefined) return width
    context.font = font
    const measured = Math.ceil(context.measureText(text).width * ALLOWANCE)
    known.set(key, measured)
    return measured
  }
}
