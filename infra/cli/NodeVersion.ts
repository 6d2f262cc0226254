/** The oldest Node that runs the sources, and what to say to an older one. Imports nothing, so that it can say it. */

/** Runs TypeScript without a build from here on; a built package runs on 22.12. */
export const NODE_VERSION_MIN = "22.18.0"

/** What to tell the user of `version`; `undefined` where it will do. */
export const nodeVersionComplaint = (version: string): string | undefined => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const [majorMin = 0, minorMin = 0] = NODE_VERSION_MIN.split(".").map(Number)
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined
  return (
    `This needs Node ${NODE_VERSION_MIN} or later and runs on ${version}. ` +
    "Use `npm start` and `npm run demo`: npm brings a Node of its own (the package `node`)."
  )
}

/** Ends the process with the complaint on an old Node. */
export const requireNode = (): void => {
  const complaint = nodeVersionComplaint(process.versions.node)
  if (complaint === undefined) return
  console.error(complaint)
  process.exit(1)
}
