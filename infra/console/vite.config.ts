/**
 * The build of the console: hashed files with relative addresses, each beside its Brotli form.
 *
 * Owns the build. It writes to `site/`, where the gateway looks for it when it runs from sources; the build of
 * the package passes another folder (`--outDir`). How the files are served: infra/gateway/ConsoleFiles.ts.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { brotliCompressSync, constants } from "node:zlib"
import react from "@vitejs/plugin-react"
import { defineConfig, type Plugin } from "vite"

/** Files of these kinds are compressed already. */
const COMPRESSED = /\.(woff2|png|br)$/
/** Smaller files are not worth a second form, in bytes. */
const COMPRESSED_BYTES_MIN = 1_024

/** Writes `NAME.br` beside each file of the site. */
const brotli = (): Plugin => {
  let folder = ""
  return {
    name: "brotli",
    apply: "build",
    configResolved: ({ root, build }) => {
      folder = join(root, build.outDir)
    },
    closeBundle: () => {
      for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        const file = join(folder, entry)
        const { size } = statSync(file)
        if (COMPRESSED.test(entry) || size < COMPRESSED_BYTES_MIN || statSync(file).isDirectory()) continue
        const options = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }
        writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file), options))
      }
    },
  }
}

// Vite takes NODE_ENV from who calls it: with another value, React's far slower development build would be in the site.
process.env["NODE_ENV"] = "production"

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react(), brotli()],
  build: {
    outDir: "site",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000,
  },
})
