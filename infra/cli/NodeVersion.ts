/**
 * The oldest Node that runs the sources, and the message to an older one. Imports nothing, so that an old
 * Node can run it.
 */

/** First Node that runs TypeScript without a build. A built package runs on 22.12. */
export const NODE_VERSION_MIN = "22.18.0"

/** Message for the user of `version`; `undefined` if the version is new enough. */
export const nodeVersionComplaint = (version: string): string | undefined => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const [majorMin = 0, minorMin = 0] = NODE_VERSION_MIN.split(".").map(Number)
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined
  return (
    `This needs Node ${NODE_VERSION_MIN} or later and runs on ${version}. ` +
    "Use `npm start` and `npm run demo`: npm brings a Node of its own (the package `node`)."
  )
}

/** On an old Node, prints the message and ends the process. */
export const requireNode = (): void => {
  const complaint = nodeVersionComplaint(process.versions.node)
  if (complaint === undefined) return
  console.error(complaint)
  process.exit(1)
}
