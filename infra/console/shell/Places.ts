/** The pages of the console that the navigation and the palette lead to. */
import { text } from "../text/English.ts"

export interface Place {
  readonly to: string
  readonly label: string
}

export const PLACES: ReadonlyArray<Place> = [
  { to: "/", label: text.pages.overview },
  { to: "/types", label: text.pages.types },
  { to: "/actors", label: text.pages.actors },
  { to: "/sagas", label: text.pages.sagas },
  { to: "/correlations", label: text.pages.correlation },
  { to: "/dead-letters", label: text.pages.deadLetters },
  { to: "/projections", label: text.pages.projections },
  { to: "/cluster", label: text.pages.cluster },
  { to: "/simulation", label: text.pages.simulation },
]
