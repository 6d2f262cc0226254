/**
 * The verbs of operators: each as a request of the gateway, and as words of the command `everstate` that do the same.
 *
 * Owns both, side by side. The reason is added by who sends or shows them: ActionRequest.ts, Action.tsx.
 */

/** A request that changes something. */
export interface ActionRequest {
  readonly method: "POST" | "DELETE"
  readonly path: ReadonlyArray<string>
  readonly params?: { readonly [name: string]: string | number | boolean | undefined }
  readonly body?: { readonly [field: string]: unknown }
  /** The reason is a field `note` of the body. Otherwise it is the header `Everstate-Note`. */
  readonly hasNoteInBody?: boolean
}

export interface Verb {
  readonly request: ActionRequest
  /** Words after `everstate`, without the reason. */
  readonly command: ReadonlyArray<string>
}

const post = (path: ReadonlyArray<string>, body?: ActionRequest["body"]): ActionRequest => ({
  method: "POST",
  path,
  ...(body === undefined ? {} : { body }),
})

interface SagaName {
  readonly type: string
  readonly id: string
}

/** A job for all letters of a reason. */
const ofReason = (verb: "redrive" | "discard", reason: string): Verb => ({
  request: post(["dead-letters", "jobs"], { verb, reason }),
  command: ["dead-letters", verb, "--reason", reason],
})

/** A verb of sagas, which keep the reason in their history. */
const ofSaga = (
  verb: string,
  { type, id }: SagaName,
  body: ActionRequest["body"] = {},
  words: ReadonlyArray<string> = [],
): Verb => ({
  request: { ...post(["sagas", type, id, verb], body), hasNoteInBody: true },
  command: ["sagas", verb, type, id, ...words],
})

interface MemberName {
  readonly id: string
  readonly name: string
}

/** Every verb that has a command. The service has a few more, which only curl shows. */
export const verbs = {
  redrive: (number: number | string): Verb => ({
    request: post(["dead-letters", String(number), "redrive"]),
    command: ["dead-letters", "redrive", String(number)],
  }),
  discard: (number: number | string): Verb => ({
    request: { method: "DELETE", path: ["dead-letters", String(number)] },
    command: ["dead-letters", "discard", String(number)],
  }),
  redriveAll: (reason: string): Verb => ofReason("redrive", reason),
  discardAll: (reason: string): Verb => ofReason("discard", reason),
  drain: ({ id, name }: MemberName): Verb => ({
    request: post(["cluster", "members", id, "drain"]),
    command: ["cluster", "drain", name],
  }),
  undrain: ({ id, name }: MemberName): Verb => ({
    request: post(["cluster", "members", id, "undrain"]),
    command: ["cluster", "undrain", name],
  }),
  move: (slot: string, member: string): Verb => ({
    request: post(["cluster", "slots", slot, "move"], { member }),
    command: ["cluster", "move", slot, member],
  }),
  unpin: (slot: string): Verb => ({
    request: { method: "DELETE", path: ["cluster", "slots", slot, "pin"] },
    command: ["cluster", "unpin", slot],
  }),
  pause: (type: string): Verb => ({
    request: post(["types", type, "pause"]),
    command: ["cluster", "pause", type],
  }),
  resume: (type: string): Verb => ({
    request: post(["types", type, "resume"]),
    command: ["cluster", "resume", type],
  }),
  rebuild: (projection: string): Verb => ({
    request: post(["projections", projection, "rebuild"]),
    command: ["projections", "rebuild", projection, "--no-wait"],
  }),
  retry: (saga: SagaName, item: string): Verb => ofSaga("retry", saga, { item }, [item]),
  skip: (saga: SagaName, item: string): Verb => ofSaga("skip", saga, { item }, [item]),
  resolve: (saga: SagaName, item: string, result: unknown): Verb =>
    ofSaga("resolve", saga, { item, result }, [item, JSON.stringify(result)]),
  cancel: (saga: SagaName): Verb => ofSaga("cancel", saga),
  abort: (saga: SagaName): Verb => ofSaga("abort", saga),
} as const

/** A command for an actor: asked, told, or only tried out, now or at a version. */
export const commandVerb = (
  how: "ask" | "tell" | "dry-run",
  { type, id, command, at }: SagaName & { readonly command: string; readonly at?: number | undefined },
  payload: unknown,
): Verb => ({
  request: {
    method: "POST",
    path: ["actors", type, id, command, ...(how === "dry-run" ? ["dry-run"] : [])],
    params: { via: how === "tell" ? "tell" : undefined, version: how === "dry-run" ? at : undefined },
    body: payload as NonNullable<ActionRequest["body"]>,
  },
  command: [
    ...["actors", how, type, id, command, JSON.stringify(payload)],
    ...(how === "dry-run" && at !== undefined ? ["--version-at", String(at)] : []),
  ],
})
