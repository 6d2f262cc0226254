/** The golden files of an actor type: every version of every event as it was stored, and that it can still be read. */
import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { type EventDefinition, readEvent, validate } from "../../../runtime/index.ts"

const folderOf = (actorType: string): URL => new URL(`../../fixtures/golden/${actorType}/`, import.meta.url)

/** The payload in the file of this event and version. */
export const goldenPayload = (actorType: string, eventType: string, version: number): unknown =>
  JSON.parse(readFileSync(new URL(`${eventType}.v${version}.json`, folderOf(actorType)), "utf8"))

/**
 * Declares the tests of the files. `currentForm` has an entry for each file of an older version, `"OrderPlaced.v1"`: what
 * its payload must become.
 */
export const goldenEvents = (
  actorType: string,
  events: { readonly [type: string]: EventDefinition },
  currentForm: { readonly [file: string]: (payload: object) => unknown } = {},
): void => {
  const versions = Object.entries(events).flatMap(([type, definition]) =>
    Array.from({ length: definition.version }, (_, index) => ({ type, version: index + 1, definition })),
  )

  describe(`the golden files of ${actorType} events`, () => {
    it("are one per event and version, no more and no fewer", () => {
      expect(readdirSync(folderOf(actorType)).sort()).toEqual(
        versions.map(({ type, version }) => `${type}.v${version}.json`).sort(),
      )
    })

    for (const { type, version, definition } of versions) {
      const isCurrent = version === definition.version
      it(`${type}.v${version} is read${isCurrent ? " as it is" : ` as version ${definition.version}`}`, () => {
        const stored = goldenPayload(actorType, type, version)
        const expected = isCurrent ? stored : currentForm[`${type}.v${version}`]?.(stored as object)
        expect(readEvent(actorType, events, { t: type, v: version, d: stored })).toStrictEqual({
          type,
          ...(expected as object),
        })
        // Reading trusts payloads of the current version, so its schema is asked here; it may drop nothing.
        expect(validate(definition.schema, expected)).toStrictEqual({ value: expected })
      })
    }
  })
}
