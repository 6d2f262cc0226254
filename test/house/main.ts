/** `npm run rooms`: prints the rooms of the house and their circles, and exits 1 if there is a circle. */
import { join } from "node:path"
import { circlesOf, roomImports } from "./Rooms.ts"

const imports = roomImports(join(import.meta.dirname, "../.."))
const rooms = new Set(imports.flatMap(({ from, to }) => [from, to]))
const circles = circlesOf(imports)
const inCircle = new Set(circles.flatMap((circle) => circle.rooms))

for (const room of [...rooms].sort()) {
  const into = new Set(imports.filter(({ from }) => from === room).map(({ to }) => to))
  console.log(`${inCircle.has(room) ? "!" : " "} ${room} → ${[...into].sort().join(", ") || "none"}`)
}
for (const circle of circles) {
  console.log(`\nA circle of ${circle.rooms.length} rooms: ${circle.rooms.join(", ")}`)
  for (const { file, imported } of circle.imports) console.log(`  ${file} imports ${imported}`)
}
console.log(`\n${rooms.size} rooms, ${circles.length} circles`)
process.exitCode = circles.length === 0 ? 0 : 1
