/**
 * The OpenAPI document of a gateway: its routes, with one operation for each command of each exposed type.
 *
 * Owns what is made of the definitions. The routes for any type are described in ActorApi.ts and the other
 * files beside it.
 */
import { OpenApi } from "effect/http-api"
import type { JsonObject } from "../../runtime/integration/PayloadSchema.ts"
import { commandNamesOf } from "../http/CommandNames.ts"
import { SESSION_PATH } from "./Authorisation.ts"
import type { ExposedType, Exposure } from "./Exposure.ts"
import { GatewayApi } from "./GatewayApi.ts"
import { addSchema, merged } from "./JsonSchemas.ts"
import { commandDocument } from "./TypeDocument.ts"

interface Operation extends JsonObject {
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly in: string }>
  readonly responses: Readonly<Record<string, JsonObject>>
}

type Paths = Record<string, Record<string, unknown>>

const ASK_PATH = "/actors/{type}/{id}/{command}"
const DRY_RUN_PATH = `${ASK_PATH}/dry-run`

interface DocumentOptions {
  readonly exposure: Exposure
  readonly basePath: string
  /** Document of the application's routes. */
  readonly application: JsonObject | undefined
}

export const apiDocument = ({ exposure, basePath, application }: DocumentOptions): JsonObject => {
  const { paths: generic, components, tags, ...rest } = OpenApi.fromApi(GatewayApi)
  const schemas: Record<string, unknown> = { ...components.schemas }
  const { [ASK_PATH]: ask, [DRY_RUN_PATH]: dryRun, ...paths } = generic as unknown as Paths
  for (const exposed of exposure.values()) {
    for (const name of commandNamesOf(exposed.actor).filter(exposed.hasCommand)) {
      const command = new CommandOperations(exposed, name, schemas)
      const path = `/actors/${exposed.actor.type}/{id}/${name}`
      paths[path] = { post: command.ask(ask?.["post"] as Operation) }
      paths[`${path}/dry-run`] = { post: command.dryRun(dryRun?.["post"] as Operation) }
    }
  }
  const types = [...exposure.keys()].map((type) => ({ name: type, description: `Commands of ${type}` }))
  const document = {
    ...rest,
    servers: [{ url: basePath === "" ? "/" : basePath }],
    security: [{ bearer: [] }, { session: [] }, {}],
    paths: deliberate({ ...paths, ...PLAIN_PATHS }),
    components: {
      ...components,
      schemas,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "everstate_session" },
      },
    },
    tags: [...types, ...tags],
  }
  return application === undefined ? document : merged(document, application)
}

/** Says which header a request without a body needs that changes something; see Gateway.ts. */
const DELIBERATE = {
  name: "x-everstate",
  in: "header",
  required: true,
  schema: { type: "string", enum: ["1"] },
  description:
    "Shows that no page of another site has sent the request, which has no body that would show it",
}

const deliberate = (paths: Paths): Paths =>
  Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, given]) => {
          const operation = given as Partial<Operation>
          if (method === "get" || operation["requestBody"] !== undefined) return [method, operation]
          return [method, { ...operation, parameters: [...(operation.parameters ?? []), DELIBERATE] }]
        }),
      ),
    ]),
  )

/** The operations of one command. */
class CommandOperations {
  readonly #type: string
  readonly #name: string
  readonly #payload: JsonObject
  readonly #reply: JsonObject
  readonly #reasons: ReadonlyArray<string>
  readonly #facts: ReadonlyArray<JsonObject>

  constructor({ actor }: ExposedType, name: string, schemas: Record<string, unknown>) {
    const { payload, reply, rejections } = commandDocument(actor, name)
    const prefix = `${actor.type}.${name}`
    this.#type = actor.type
    this.#name = name
    this.#payload = payload === null ? { type: "object" } : addSchema(schemas, prefix, payload)
    this.#reply = reply === null ? {} : addSchema(schemas, `${prefix}.Reply`, reply)
    this.#reasons = Object.keys(rejections)
    this.#facts = Object.entries(rejections).flatMap(([reason, facts]) =>
      facts === null ? [] : [addSchema(schemas, `${prefix}.${reason}`, facts)],
    )
  }

  ask(generic: Operation): JsonObject {
    return {
      ...this.#common(generic, `${this.#type}.${this.#name}`),
      summary: `${this.#name} to ${this.#type}`,
      responses: { ...generic.responses, "200": this.#answered(generic), "422": this.#rejected(generic) },
    }
  }

  dryRun(generic: Operation): JsonObject {
    return {
      ...this.#common(generic, `${this.#type}.${this.#name}.dryRun`),
      summary: `What ${this.#name} to ${this.#type} would do`,
    }
  }

  #common(generic: Operation, operationId: string): JsonObject {
    return {
      ...generic,
      tags: [this.#type],
      operationId,
      parameters: generic.parameters.filter(({ name }) => name !== "type" && name !== "command"),
      requestBody: { required: true, content: { "application/json": { schema: this.#payload } } },
    }
  }

  #answered({ responses }: Operation): JsonObject {
    const schema = {
      allOf: [
        { $ref: "#/components/schemas/Answered" },
        { type: "object", required: ["reply"], properties: { reply: this.#reply } },
      ],
    }
    return { ...responses["200"], content: { "application/json": { schema } } }
  }

  /** The problem of a rejection, with the documented reasons; there may be others. */
  #rejected({ responses }: Operation): JsonObject {
    const generic = responses["422"] ?? {}
    if (this.#reasons.length === 0) return generic
    const reason = {
      anyOf: [{ type: "string", enum: this.#reasons }, { type: "string" }],
      description: "Reason of the rejection",
    }
    const schema = {
      allOf: [
        { $ref: "#/components/schemas/Problem422" },
        {
          type: "object",
          properties: { reason, ...(this.#facts.length === 0 ? {} : { facts: { anyOf: this.#facts } }) },
        },
      ],
    }
    return { ...generic, content: { "application/problem+json": { schema } } }
  }
}

const text = (description: string, contentType: string, schema: JsonObject) => ({
  description,
  content: { [contentType]: { schema } },
})

const plain = (operationId: string, summary: string, responses: JsonObject, more: JsonObject = {}) => ({
  operationId,
  summary,
  tags: ["Health"],
  responses,
  ...more,
})

const anyObject = { type: "object", additionalProperties: true }

const session = text("Who asks", "application/json", {
  type: "object",
  required: ["user", "role"],
  properties: {
    user: { type: ["string", "null"] },
    role: { type: ["string", "null"], enum: ["viewer", "operator", null] },
  },
})

const unknownCaller = text("The caller is not known", "application/problem+json", {
  $ref: "#/components/schemas/Problem401",
})

/** Routes that are no endpoints of the API. */
const PLAIN_PATHS: Paths = {
  "/healthz": {
    get: plain("alive", "Is the process alive?", { "200": text("It is", "application/json", anyObject) }),
  },
  "/readyz": {
    get: plain("ready", "Is the node ready for requests?", {
      "200": text("It is", "application/json", anyObject),
      "503": text("It is not; the document says why", "application/json", anyObject),
    }),
  },
  "/metrics": {
    get: plain("metrics", "Metrics for Prometheus", {
      "200": text("Prometheus' text format", "text/plain", { type: "string" }),
    }),
  },
  [SESSION_PATH]: {
    get: plain("whoAmI", "Who asks, and in which role", { "200": session, "401": unknownCaller }),
    post: plain(
      "signIn",
      "Begin a session of a browser with a token",
      { "200": session, "401": unknownCaller },
      {
        requestBody: {
          required: true,
          content: {
            "application/json": {
              schema: { type: "object", required: ["token"], properties: { token: { type: "string" } } },
            },
          },
        },
      },
    ),
    delete: plain("signOut", "End the session of a browser", { "204": { description: "It is over" } }),
  },
}
