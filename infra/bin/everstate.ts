#!/usr/bin/env node
/**
 * `everstate`: the bin of the package. It checks the version of Node first; the verbs are in
 * EverstateCommand.ts.
 */

/** The oldest Node that runs the built package; package.json says the same. */
const NODE_MAJOR_MIN = 22
const NODE_MINOR_MIN = 12

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < NODE_MAJOR_MIN || (major === NODE_MAJOR_MIN && minor < NODE_MINOR_MIN)) {
  console.error(
    `everstate needs Node ${NODE_MAJOR_MIN}.${NODE_MINOR_MIN} or later and runs on ${process.versions.node}.`,
  )
  process.exit(1)
}
const { runEverstate } = await import("./RunEverstate.ts")
runEverstate()
