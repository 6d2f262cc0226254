/** The newest nats-server for the second run of the tests: where none is to be had, that is said, and nothing fails. */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"

const ciFolder = join(import.meta.dirname, "../../../.ci")

const executable = (file: string, lines: ReadonlyArray<string>): void => {
  writeFileSync(file, ["#!/bin/sh", ...lines, ""].join("\n"))
  chmodSync(file, 0o755)
}

/** A machine whose package source does not answer; `run` executes a script of the folder there. */
const offline = () => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-newest-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const cache = join(folder, "everstate", "nats-newest")
  mkdirSync(cache, { recursive: true })
  executable(join(folder, "apt-get"), ["echo 'E: Failed to fetch' >&2", "exit 100"])
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, XDG_CACHE_HOME: folder }
  const run = (script: string) => spawnSync(join(ciFolder, script), { env, encoding: "utf8" })
  return { cache, run }
}

it("says aloud that the tests are not run where no server is to be had, and succeeds", () => {
  const { status, stdout, stderr } = offline().run("test-newest")
  expect(stderr).toContain("no newer nats-server: it cannot be downloaded")
  expect(stdout).toContain("NOT RUN on the newest nats-server")
  expect(status).toBe(0)
})

it("takes the server that was downloaded before", () => {
  const { cache, run } = offline()
  const server = join(cache, "nats-server")
  executable(server, ["echo 'nats-server: v2.15.1'"])
  const { status, stdout, stderr } = run("newest-nats")
  expect(stdout).toBe(`${server}\n`)
  expect(stderr).toContain("the one downloaded before is taken")
  expect(status).toBe(0)
})

it("takes none that does not run here", () => {
  const { cache, run } = offline()
  executable(join(cache, "nats-server"), ["exit 1"])
  const { status, stdout } = run("newest-nats")
  expect(stdout).toBe("")
  expect(status).toBe(1)
})
