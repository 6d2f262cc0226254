/** Which methods an API has for a path: what a request with another method is told. */
import { HttpApi, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { expect, it } from "vitest"
import { methodsOf } from "../../../infra/http/ApiMethods.ts"

const api = HttpApi.make("shop")
  .add(HttpApiGroup.make("things").add(HttpApiEndpoint.get("thing", "/things/:id")))
  .add(
    HttpApiGroup.make("operators")
      .add(HttpApiEndpoint.delete("remove", "/things/:id"))
      .add(HttpApiEndpoint.post("stop", "/stop")),
  )

it.each([
  ["/things/t-1", ["GET", "DELETE"]],
  ["/things/t-1?limit=3", ["GET", "DELETE"]],
  [`/things/${"x".repeat(300)}`, ["GET", "DELETE"]],
  ["/stop", ["POST"]],
  ["/things", []],
  ["/", []],
])("%s: %j", (url, methods) => {
  expect(methodsOf(api)(url)).toEqual(methods)
})
