/**
 * The notification: an actor per notification id that sends one e-mail, at least once, and mostly exactly once.
 *
 *     new ── sending ── sent, or failed
 *
 * The sender of the command does not wait for the mail; a mail that cannot be sent is in state `failed`. The
 * port: Mailer.ts.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import {
  accept,
  type CallArgs,
  type CallError,
  defineActor,
  defineCall,
  defineCommand,
} from "../../runtime/index.ts"
import { type Mail, type Mailer, noMailer } from "./Mailer.ts"
import { letter, type NotificationEvent, notificationEvents } from "./NotificationEvents.ts"

export interface NotificationContext {
  readonly notificationId: string
  /** The mail; `null` after it was sent. */
  readonly mail: Mail | null
  /** Why the mail was not sent. */
  readonly failure: string | null
}

/** Number of attempts before a mail has failed; they take about a quarter of an hour. */
const ATTEMPTS_MAX = 30

/** The call of the machine, under the name by which the machine invokes it. */
export const notificationCalls = (mailer: Mailer) => ({
  send: defineCall(
    async ({ input, signal }: CallArgs<Mail>): Promise<null> => {
      await mailer.send(input, signal)
      return null
    },
    { timeoutMs: 20_000, attemptsMax: ATTEMPTS_MAX },
  ),
})

const mailOf = ({ context: { mail } }: { readonly context: NotificationContext }): Mail => {
  if (mail === null) throw new Error("nothing to send")
  return mail
}

const notificationSetup = setup({
  types: {
    context: {} as NotificationContext,
    events: {} as NotificationEvent,
    input: {} as { readonly id: string },
  },
  actors: notificationCalls(noMailer),
})

const requested = {
  target: "sending",
  actions: notificationSetup.assign(({ context, event: { type: _type, ...given } }) => ({
    mail: { messageId: context.notificationId, ...given },
    failure: null,
  })),
} as const

const notificationMachine = notificationSetup.createMachine({
  id: "notification",
  initial: "new",
  context: ({ input }) => ({ notificationId: input.id, mail: null, failure: null }),
  states: {
    new: { on: { NotificationRequested: requested } },
    sending: {
      invoke: {
        id: "send",
        src: "send",
        input: mailOf,
        onDone: { target: "sent", actions: assign({ mail: null }) },
        onError: {
          target: "failed",
          actions: assign({ failure: ({ event }) => (event.error as CallError).message }),
        },
      },
    },
    sent: { type: "final" },
    failed: { on: { NotificationRequested: requested } },
  },
})

const notification = { machine: notificationMachine, events: notificationEvents }

/** Sends the mail. A mail that is being sent or was sent is not sent again; a mail that failed is. */
const Send = defineCommand(
  { type: "Send", ...notification },
  {
    schema: Schema.Struct(letter),
    decide: ({ command: { to, subject, text }, state }) =>
      state.matches("sending") || state.matches("sent")
        ? accept<never>([])
        : { type: "NotificationRequested", to, subject, text },
  },
)

/** The notification for hosting: `mailer` sends its mail. */
export const notificationActor = (mailer: Mailer) =>
  defineActor({
    type: "notification",
    machine: notificationMachine.provide({ actors: notificationCalls(mailer) }),
    events: notificationEvents,
    commands: { Send },
  })

/** The notification for addressing and simulation; if it is hosted, it sends nothing. */
export const Notification = notificationActor(noMailer)
